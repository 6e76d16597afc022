import time, io
from datetime import date
import duckdb, pytest
from day_content import Listing, day_release
from assets.release.publish import publish
from orchestration.queries import *
Q='''
INSERT INTO curated.papers (paper_id) VALUES ('x')
WITH x AS (INSERT INTO curated.papers (paper_id) VALUES ('x') RETURNING paper_id) SELECT * FROM x
EXPLAIN INSERT INTO curated.papers (paper_id) VALUES ('x')
EXPLAIN ANALYZE INSERT INTO curated.papers (paper_id) VALUES ('x')
EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/h_store/evil.csv'
EXPLAIN ANALYZE COPY (SELECT 1) TO 's3://BUCKET/lake/evil.parquet'
EXPLAIN ANALYZE CREATE TABLE memory.main.t AS SELECT 1
EXPLAIN ANALYZE SET memory_limit='1GB'
EXPLAIN ANALYZE CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_blob('/etc/passwd')
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM sniff_csv('/etc/passwd')
SELECT * FROM glob('/etc/*')
SELECT * FROM glob('s3://BUCKET/**')
SELECT * FROM glob('s3://BUCKET/lake/**')
FROM '/etc/passwd'
FROM '/etc/passwd.csv'
FROM 'https://example.com/x.csv'
FROM 's3://litlake/ops/started.json'
FROM 's3://BUCKET/raw/x.json'
SELECT * FROM read_text('s3://BUCKET/raw/x.json')
SELECT * FROM read_text('s3://BUCKET/lake/../raw/x.json')
SELECT * FROM read_text('s3://BUCKET/lake/%2e%2e/raw/x.json')
SELECT * FROM read_text('s3://BUCKET/lake//../raw/x.json')
SELECT * FROM read_text('s3://BUCKET/lake/inside.txt')
SELECT * FROM read_text('s3://BUCKET/lake/inside.txt?s3_endpoint=example.com')
SELECT * FROM read_text('s3://BUCKET/lakeother/x.txt')
SELECT * FROM read_text('s3a://BUCKET/raw/x.json')
SELECT * FROM read_text('http://HOST/BUCKET/raw/x.json')
SELECT * FROM read_text('file:///etc/passwd')
SELECT * FROM read_text('CATALOG')
SELECT * FROM sqlite_scan('CATALOG', 'ducklake_metadata')
SELECT * FROM sqlite_scan('s3://BUCKET/lake/x.sqlite', 'ducklake_metadata')
SELECT * FROM read_duckdb('/tmp/x.duckdb')
SELECT * FROM read_duckdb('CATALOG')
SELECT * FROM __ducklake_metadata_lake.ducklake_metadata
SELECT * FROM postgres_scan('host=127.0.0.1', 'public', 'x')
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_secrets(redact=false)
SELECT * FROM which_secret('s3://BUCKET/lake/x','s3')
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_settings() WHERE name like '%allow%' or name like '%s3%'
SELECT getenv('HOME')
SELECT * FROM ducklake_snapshots('lake')
SELECT * FROM snapshots()
SELECT * FROM lake.snapshots()
SELECT * FROM ducklake_expire_snapshots('lake', older_than => now())
SELECT * FROM ducklake_expire_snapshots('lake', dry_run => false, versions => [1])
SELECT * FROM ducklake_cleanup_old_files('lake', cleanup_all => true)
SELECT * FROM ducklake_delete_orphaned_files('lake', cleanup_all => true)
SELECT * FROM ducklake_delete_orphaned_files('lake', dry_run => true, cleanup_all => true)
SELECT * FROM ducklake_merge_adjacent_files('lake')
SELECT * FROM ducklake_rewrite_data_files('lake')
SELECT * FROM ducklake_flush_inlined_data('lake')
SELECT * FROM ducklake_set_option('lake', 'data_inlining_row_limit', 0)
SELECT * FROM ducklake_set_commit_message('lake', 'x', 'y')
SELECT * FROM ducklake_add_data_files('lake','papers','s3://BUCKET/lake/x.parquet', schema=>'curated')
SELECT * FROM ducklake_list_files('lake','papers', schema => 'curated')
SELECT * FROM query('select 1')
SELECT * FROM query('drop table curated.papers')
UPDATE curated.papers SET title='x'
DELETE FROM curated.papers
DROP TABLE curated.papers
ATTACH ':memory:' AS m
DETACH lake
COPY (SELECT 1) TO '/tmp/h_store/e.csv'
COPY curated.papers FROM '/tmp/x'
INSTALL fts
LOAD fts
SET memory_limit='1GB'
RESET memory_limit
PRAGMA memory_limit='1GB'
PRAGMA database_list
PRAGMA table_info('curated.papers')
CALL lake.snapshots()
CREATE TEMP TABLE t AS SELECT 1
CREATE SECRET s (TYPE s3)
DROP SECRET object_store
EXPORT DATABASE '/tmp/h_store/x'
PREPARE p AS SELECT 1
EXECUTE p
USE memory
BEGIN
CHECKPOINT
VACUUM
ANALYZE
SELECT 1; SELECT 2
SELECT 1;

-- nothing
/* c */ select 1 -- x
SELEC 1
SELECT nothing FROM curated.papers
FROM curated.papers
DESCRIBE curated.papers
SHOW TABLES
SHOW ALL TABLES
SUMMARIZE curated.papers
VALUES (1)
TABLE curated.papers
EXPLAIN SELECT 1
EXPLAIN ANALYZE SELECT 1
PIVOT curated.papers ON journal USING count(*)
SELECT 1 FROM curated.papers WHERE title = $1
SELECT case when i=3000000 then error('late') else i end from range(4000000) t(i)
SELECT * FROM duckdb_logs()
SELECT * FROM enable_logging()
SELECT * FROM pg_catalog.pg_class
SELECT current_setting('allowed_directories')
SELECT write_log('x')
SELECT * FROM st_read('/etc/passwd')
SELECT * FROM read_ndjson_objects('/etc/passwd')
SELECT * FROM parquet_metadata('/etc/passwd')
SELECT * FROM arrow_scan(1,2,3)
SELECT * FROM pandas_scan(1)
SELECT * FROM python_map_function(1)
SELECT * FROM seq_scan()
SELECT * FROM Q
SELECT * FROM open
'''
def test_try(installation):
    lake=installation.lake
    d=date(2025,6,1)
    lake.commit(lambda c: publish(c, day_release(d,[Listing('a'),Listing('b')])),'m','{}')
    lake.commit(lambda c: publish(c, day_release(d,[Listing('a')])),'m','{}')
    installation.store.put('raw/x.json',b'{"a":1}')
    installation.store.put('lakeother/x.txt',b'{"a":1}')
    installation.store.put('lake/inside.txt',b'{"a":1}')
    a=lake.store
    b4=list(installation.store.list(''))
    with read_only_session(lake) as c:
        for q in Q.split('\n'):
            q=q.replace('BUCKET',a.bucket).replace('HOST',a.host).replace('CATALOG',lake.catalog.split(':')[1])
            try:
                r=ask(c,q)
                try: rows=str(r.fetchall())
                except duckdb.Error as e: rows='FETCH ERROR '+str(e)
                leak=[k for k in (a.access_key,a.secret_key) if k in rows]
                print('OK  ',q,'=>',rows[:200], 'LEAK' if leak else '')
            except QueryError as e: print('no  ',q,'=>',e)
            except BaseException as e: print('BAD ',q,'=>',type(e),str(e)[:300])
    after=list(installation.store.list(''))
    print('gone',set(b4)-set(after)); print('new', set(after)-set(b4))
    import os; print(os.listdir('/tmp/h_store'))
