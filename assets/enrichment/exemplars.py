"""Example sentences for the domain, written for Litlake: what the labelled texts lack.

Among the labelled texts almost every paper on machine learning is of the domain "other", so a head that learns from
them alone takes machine learning on patients' data for "other" too: of 119 papers of a Hugging Face page, most of
them biomedical or clinical, it had 26 right, and 90 with these sentences (November 2026).
These sentences show the same methods in all three domains. What does not belong
here: sentences taken from, or written after, a real paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Label of the scheme ``domain`` to titles as papers of that domain could carry them.
DOMAIN_EXEMPLARS: Mapping[str, Sequence[str]] = {
    "clinical": (
        "A large language model that answers questions of patients about their medication.",
        "Segmentation of tumours in magnetic resonance images with a deep neural network.",
        "A benchmark of chest radiograph report generation by vision-language models.",
        "Predicting readmission to hospital from electronic health records with transformers.",
        "Automatic coding of discharge summaries with a pretrained language model.",
        "A dataset of conversations between doctors and patients for dialogue systems.",
        "Detecting diabetic retinopathy in fundus photographs with self-supervised learning.",
        "De-identification of clinical notes with language models in several languages.",
        "A foundation model for pathology slides that supports the diagnosis of cancer.",
        "Medical visual question answering: a benchmark of multimodal models.",
        "Agents built on language models simulate a hospital and its physicians.",
        "Risk prediction from electrocardiograms with a convolutional network.",
        "Reinforcement learning for the dosing of drugs in intensive care.",
        "Extraction of symptoms and diagnoses from radiology reports and nursing notes.",
        "Reconstruction of computed tomography scans from low doses with diffusion models.",
        "A mental health counselling chatbot and its safety for patients.",
        "Language models pass medical licensing examinations but fail at clinical reasoning.",
        "Federated learning over hospitals for the segmentation of organs in ultrasound.",
    ),
    "biomedical": (
        "A protein language model that predicts structure and function from sequence.",
        "A foundation model of single-cell gene expression trained by self-supervision.",
        "Named entity recognition of genes, chemicals and diseases in biomedical abstracts.",
        "Graph neural networks predict interactions between drugs and targets.",
        "A benchmark of language models for questions on biomedical literature.",
        "Generating molecules with diffusion models for the discovery of drugs.",
        "A language model of DNA for the effects of variants in regulatory regions.",
        "Biomedical entity linking to ontologies with contrastive learning.",
        "A corpus of biomedical articles for pretraining language models.",
        "Knowledge graphs of genes, diseases and drugs for link prediction.",
        "Retrieval of literature from PubMed with dense embeddings.",
        "Relation extraction between chemicals and proteins with transformers.",
        "Deep learning predicts the binding of antibodies to antigens.",
        "Segmentation of cells in microscopy images with a neural network.",
        "Decoding brain activity of animals with recurrent neural networks.",
        "A multimodal dataset of biomedical figures and captions from scientific articles.",
        "Agents that plan experiments in molecular biology with language models.",
        "Embeddings of biomedical concepts and the similarity of terms.",
    ),
    "other": (
        "A large language model that writes and repairs computer programs.",
        "Segmentation of street scenes for self-driving cars with a deep neural network.",
        "A benchmark of mathematical reasoning by language models.",
        "Predicting the prices of stocks from news with transformers.",
        "A dataset of conversations for shopping assistants.",
        "Generating images and video from text with diffusion models.",
        "Reinforcement learning for robots that grasp objects.",
        "Training very large language models with less memory on many processors.",
        "A benchmark of agents that browse the web and use tools.",
        "Visual question answering on charts and documents.",
        "Speech recognition in languages with few resources.",
        "Aligning language models with the preferences of people.",
        "Graph neural networks for recommendation in online shops.",
        "A theory of the generalisation of overparameterised neural networks.",
        "Attention over long contexts with linear cost.",
        "Retrieval of passages from the web for open-domain questions.",
        "A survey on the evaluation of generated text.",
        "Reconstruction of three-dimensional scenes from photographs.",
    ),
}
