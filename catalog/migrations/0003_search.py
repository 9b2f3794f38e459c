"""What search needs on PostgreSQL: vectors with the words of each product, kept by triggers, and their indexes.

The extensions are trusted ones: whoever owns the database may create them.
"""

from django.db import migrations, models
from django.db.models.functions import Upper

INSTALL = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS unaccent",
    "CREATE EXTENSION IF NOT EXISTS fuzzystrmatch",
    # Stems for whole words; plain words for those of which only the beginning is typed. Accents count in neither.
    "CREATE TEXT SEARCH CONFIGURATION catalog_english (COPY = pg_catalog.english)",
    "ALTER TEXT SEARCH CONFIGURATION catalog_english "
    "ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem",
    "CREATE TEXT SEARCH CONFIGURATION catalog_plain (COPY = pg_catalog.simple)",
    "ALTER TEXT SEARCH CONFIGURATION catalog_plain ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple",
    # Punctuation is a gap, as in `catalog.models.searching.words`: "4.5" and "t-shirt" are two words each.
    r"""
    CREATE FUNCTION catalog_search_text(content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT regexp_replace(normalize(left(content, 20000), NFKC), '[!-/:-@\[-`{-~]+', ' ', 'g')
    $$
    """,
    """
    CREATE FUNCTION catalog_search_tags(tags jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT coalesce(string_agg(tag, ' '), '') FROM jsonb_array_elements_text(
            CASE jsonb_typeof(tags) WHEN 'array' THEN tags ELSE '[]' END
        ) AS tag
    $$
    """,
    r"""
    CREATE FUNCTION catalog_search_vector(name text, tags text, vendor text, description text)
    RETURNS tsvector LANGUAGE sql STABLE AS $$
        SELECT setweight(to_tsvector('catalog_english', name) || to_tsvector('catalog_plain', name), 'A')
            || setweight(to_tsvector('catalog_english', tags) || to_tsvector('catalog_plain', tags), 'B')
            || setweight(to_tsvector('catalog_english', vendor) || to_tsvector('catalog_plain', vendor), 'C')
            || setweight(to_tsvector('catalog_english', description), 'D')
    $$
    """,
    # The words a misspelt one may have meant. Without a unique index, so that nobody waits for somebody else's import:
    # two that come at once leave a word twice, and nobody minds.
    "CREATE TABLE catalog_searchword (word text NOT NULL)",
    "CREATE INDEX catalog_searchword_word ON catalog_searchword (word text_pattern_ops)",
    "ALTER TABLE catalog_product ADD COLUMN search tsvector",
    r"""
    CREATE FUNCTION catalog_product_search() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        names text := catalog_search_text(NEW.name);
        tags text := catalog_search_text(catalog_search_tags(NEW.tags));
        vendor text := catalog_search_text((SELECT v.name FROM catalog_vendor v WHERE v.id = NEW.vendor_id));
    BEGIN
        NEW.search := catalog_search_vector(names, tags, coalesce(vendor, ''),
            catalog_search_text(regexp_replace(left(NEW.description, 20000), '<[^>]*>|&[#a-zA-Z0-9]+;', ' ', 'g')));
        INSERT INTO catalog_searchword
            SELECT lexeme FROM unnest(NEW.search) WHERE length(lexeme) <= 40
            AND NOT EXISTS (SELECT 1 FROM catalog_searchword known WHERE known.word = lexeme);
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER catalog_product_search_insert BEFORE INSERT ON catalog_product
    FOR EACH ROW EXECUTE FUNCTION catalog_product_search()
    """,
    """
    CREATE TRIGGER catalog_product_search_update BEFORE UPDATE ON catalog_product FOR EACH ROW
    WHEN ((OLD.name, OLD.tags, OLD.vendor_id, OLD.description)
        IS DISTINCT FROM (NEW.name, NEW.tags, NEW.vendor_id, NEW.description) OR NEW.search IS NULL)
    EXECUTE FUNCTION catalog_product_search()
    """,
    """
    CREATE FUNCTION catalog_vendor_search() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalog_product SET search = NULL WHERE vendor_id = NEW.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER catalog_vendor_search AFTER UPDATE ON catalog_vendor FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION catalog_vendor_search()
    """,
    "UPDATE catalog_product SET search = NULL",
    "CREATE INDEX product_by_words ON catalog_product USING gin (search)",
    "CREATE INDEX product_by_attributes ON catalog_product USING gin (attributes jsonb_path_ops)",
    "CREATE INDEX product_by_tags ON catalog_product USING gin (tags jsonb_path_ops)",
    # For suggestions: what begins with the letters typed, and what is written much like them.
    "CREATE INDEX product_by_beginning ON catalog_product (upper(name) text_pattern_ops) WHERE status = 'ACTIVE'",
    "CREATE INDEX category_by_likeness ON catalog_category USING gin (name gin_trgm_ops)",
    "CREATE INDEX vendor_by_likeness ON catalog_vendor USING gin (name gin_trgm_ops)",
]
REMOVE = [
    "DROP INDEX vendor_by_likeness",
    "DROP INDEX category_by_likeness",
    "DROP INDEX product_by_beginning",
    "DROP INDEX product_by_tags",
    "DROP INDEX product_by_attributes",
    "DROP TRIGGER catalog_vendor_search ON catalog_vendor",
    "DROP TRIGGER catalog_product_search_update ON catalog_product",
    "DROP TRIGGER catalog_product_search_insert ON catalog_product",
    "DROP FUNCTION catalog_vendor_search",
    "DROP FUNCTION catalog_product_search",
    "ALTER TABLE catalog_product DROP COLUMN search",
    "DROP TABLE catalog_searchword",
    "DROP FUNCTION catalog_search_vector",
    "DROP FUNCTION catalog_search_tags",
    "DROP FUNCTION catalog_search_text",
    "DROP TEXT SEARCH CONFIGURATION catalog_plain",
    "DROP TEXT SEARCH CONFIGURATION catalog_english",
    # The extensions stay: something else may use them by now.
]


def install(apps, schema_editor):
    run(INSTALL, schema_editor)


def remove(apps, schema_editor):
    run(REMOVE, schema_editor)


def run(statements, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_catalogue")]

    operations = [
        migrations.AddIndex(
            model_name="productvariant",
            index=models.Index(Upper("sku"), name="variant_by_sku_in_capitals"),
        ),
        migrations.RunPython(install, remove),
    ]
