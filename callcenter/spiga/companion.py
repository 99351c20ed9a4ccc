"""F8: names and phones by VIN, the companion of the workshop's and the proactive lists, which often lack them (domain 3.9)."""

from datetime import date, datetime

from callcenter.models import ImportBatch
from callcenter.spiga import columns, feed, merge
from callcenter.spiga.feed import Context, Feed, Row

# A person beside an owner of another name is somebody to talk to, not a second owner.
ROLE = """CASE WHEN EXISTS (SELECT FROM callcenter_vehicleparty z WHERE z.vehicle_id = v.vehicle_id AND z.role = 'OWNER'
                                AND z.until IS NULL AND z.customer_id <> c.customer_id
                                AND z.customer_id NOT IN (SELECT id FROM callcenter_customer WHERE merged_into_id IS NOT NULL)) THEN 'CONTACT' ELSE 'OWNER' END"""

# The file names no site: a row belongs where its vehicle is known, by its workshop orders, its outreaches or its people.
SITES = """
UPDATE stage s SET site_id = known.site_id
  FROM (SELECT r.n, COALESCE(
                 (SELECT w.site_id FROM callcenter_workorder w WHERE w.vehicle_id = r.vehicle_id ORDER BY w.id DESC LIMIT 1),
                 (SELECT o.site_id FROM callcenter_outreach o WHERE o.vehicle_id = r.vehicle_id ORDER BY o.id DESC LIMIT 1),
                 (SELECT c.sites[1] FROM callcenter_vehicleparty y JOIN callcenter_customer c ON c.id = y.customer_id
                   WHERE y.vehicle_id = r.vehicle_id AND cardinality(c.sites) > 0 ORDER BY y.id DESC LIMIT 1)) AS site_id
          FROM row_vehicle r) known
 WHERE s.n = known.n AND s.site_id IS NULL
"""

OUTCOMES = f"""
INSERT INTO outcome
SELECT s.n, CASE WHEN r.turn = 1 AND c.created_at = {merge.STAMP} THEN 'CREATED'
                 WHEN EXISTS (SELECT FROM touched t WHERE t.n = s.n) AND c.created_at <> {merge.STAMP} THEN 'UPDATED'
                 ELSE 'UNCHANGED' END, ''
  FROM stage s JOIN (SELECT n, customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY n) AS turn FROM row_customer) r USING (n)
  JOIN callcenter_customer c ON c.id = r.customer_id
"""  # noqa: S608 -- our own expression


class CompanionFeed(Feed):
    """Adds people and phones to vehicles. Key: vehicle and person; nothing is ever taken away."""

    slug = "companion"
    title = "Clientes y teléfonos por VIN"
    route = "SPIGA → Vehículos → Clientes / VIN"
    makes = "clientes"
    columns = (
        columns.VIN, columns.PLATE, columns.BRANCH, columns.BRAND, columns.FAMILY, columns.MODEL, columns.MODEL_YEAR, *columns.CUSTOMER
    )  # fmt: skip
    required = (("customer_name",), ("vin", "plate"), ("phones", "mobile", "email"))
    stage = feed.PARTY_STAGE

    def clean(self, row: Row, context: Context) -> tuple:
        raw_site = row.get("branch")
        site = feed.site_of(row, context) if raw_site or context.only_site else None
        brand = feed.brand_of(row, context) if row.get("brand") else context.other_brand
        vin, plate = feed.vehicle_of(row)
        person = feed.person_of(row)
        if feed.is_own(person[2]):
            raise row.bad("OWN_VEHICLE", "El vehículo es de Carrazos", "customer_name", person[2], excluded=True)
        feed.points_of(row, context, site)
        if not row.points:
            code = feed.phone_problem(row)
            name = next((name for name in ("mobile", "phones", "phone_2") if row.get(name)), "mobile")
            raise row.bad(code, "Ningún teléfono ni correo de la fila sirve: no hay nada que agregar", name, row.get(name))
        raw_year = row.get("model_year")
        return (
            row.number, site and site.pk, brand, vin, plate, row.get("family")[:60], row.get("model")[:80],
            columns.year(raw_year) if raw_year else None, None, None, *person,
        )  # fmt: skip

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        sites, brands = feed.reach_of(batch)
        merge.find(other_brand=feed.other_brand(), brands=brands)
        merge.run(SITES)
        merge.exclude("NO_SITE", "No se sabe de qué sede es: elíjala al subir el archivo", "s.site_id IS NULL")
        if sites is not None:
            merge.exclude(
                "OUT_OF_SCOPE", "La sede del vehículo no es de su alcance", "s.site_id <> ALL (%(sites)s)", {"sites": list(sites)}
            )
        merge.write_master(other_brand=feed.other_brand(), today=today, role=ROLE)
        merge.run(OUTCOMES)
