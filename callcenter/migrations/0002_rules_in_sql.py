"""What no model option can say."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("callcenter", "0001_initial")]

    operations = [
        # The one door through which a trail loses a value: erasing a person. It belongs to the owner of the tables, and leaves its own line.
        migrations.RunSQL(
            sql="""
CREATE FUNCTION audit_erase(which text, ids bigint[]) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH emptied AS (
    UPDATE callcenter_change SET before = NULL, after = NULL
     WHERE table_name = which AND row_id = ANY (ids) AND (before IS NOT NULL OR after IS NOT NULL) RETURNING row_id),
  noted AS (
    INSERT INTO callcenter_change (table_name, row_id, kind, at, actor_id, origin)
    SELECT DISTINCT which, row_id, 'ERASE', clock_timestamp(), nullif(current_setting('carrazos.actor', true), '')::bigint,
           coalesce(current_setting('carrazos.origin', true), '') FROM emptied RETURNING 1)
  SELECT count(*) FROM noted
$$""",
            reverse_sql="DROP FUNCTION audit_erase(text, bigint[])",
        ),
        # Under eighteen on the first day of the release makes it a minor's, whatever the form said (Ley 1581 art. 7).
        migrations.RunSQL(
            "ALTER TABLE callcenter_imagerelease ADD CONSTRAINT release_age_says_kind"
            " CHECK (kind = 'MINOR' OR birth_date IS NULL OR birth_date + interval '18 years' <= valid_from)",
            "ALTER TABLE callcenter_imagerelease DROP CONSTRAINT release_age_says_kind",
        ),
    ]
