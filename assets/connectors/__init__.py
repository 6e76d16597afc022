"""The listing services that Litlake can ask: one module each, listed here once, in the order users see them."""

from assets.connectors import pmc_oa
from assets.connectors.base import Connector

CONNECTORS: dict[str, Connector] = {connector.name: connector for connector in (pmc_oa.CONNECTOR,)}
