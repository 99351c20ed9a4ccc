"""The house's order, proved by the code's own imports (design §1)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("callcenter", "satisfaction", "recovery", "crm_audit", "reports")
PROGRAMMES = {"satisfaction", "recovery", "crm_audit"}
# Who may import whom: the composition root names apps by string and imports them at its edge only.
ALLOWED = {
    "carrazos.lib": {"carrazos.lib"},
    "callcenter": {"callcenter", "carrazos.lib"},
    "satisfaction": {"satisfaction", "callcenter", "carrazos.lib"},
    "recovery": {"recovery", "callcenter", "carrazos.lib"},
    "crm_audit": {"crm_audit", "callcenter", "carrazos.lib"},
    "reports": {"reports", "satisfaction", "recovery", "crm_audit", "callcenter", "carrazos.lib"},
}
LAYERS = {
    "enums": 0,
    "roles": 0,
    "models": 1,
    "domain": 2,
    "forms": 3,
    "tables": 3,
    "feeds": 3,
    "tasks": 4,
    "views": 5,
    "urls": 6,
    "admin": 6,
}
DOMAIN_BANS = {"celery", "django.http", "django.shortcuts", "django.template"}
# Imports inside a function: only where the module must stay importable without the package.
INSIDE = {
    ("carrazos/lib/sheets.py", "python_calamine"),  # the sandboxed child loads it after its limits are set
    ("carrazos/lib/sheets.py", "carrazos.lib"),  # only pages need the HTML reader: every other file starts sooner without it
    ("reports/render/draw.py", "weasyprint"),  # answers one line where Pango is missing
    ("reports/render/draw.py", "weasyprint.urls"),
    ("manage.py", "carrazos"),  # exists only once the environment stands
}


def sources(folder: str) -> list[Path]:
    return [path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts]


def imports(path: Path) -> list[tuple[str, bool]]:
    """(module, whether inside a function) for every import of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(node) for function in ast.walk(tree) if isinstance(function, ast.FunctionDef) for node in ast.walk(function)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in inside) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, id(node) in inside))
    return found


def package_of(module: str) -> str | None:
    if module.startswith("carrazos.lib"):
        return "carrazos.lib"
    top = module.split(".", maxsplit=1)[0]
    return top if top in {*APPS, "carrazos"} else None


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_imports_point_downwards(package):
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(package.replace(".", "/"))
        for module, _ in imports(path)
        if (target := package_of(module)) and target not in ALLOWED[package]
    ]
    assert wrong == []


def layer_of(module_path: str) -> int | None:
    parts = module_path.split(".")
    if len(parts) < 2:
        return None
    name = "domain" if parts[1] in {"spiga", "whatsapp"} else parts[1]
    return LAYERS.get(name)


@pytest.mark.parametrize("app", APPS)
def test_inside_an_app_imports_point_downwards(app):
    """enums, roles → models → domain → forms, tables, feeds → tasks → views → urls, admin."""
    wrong = []
    for path in sources(app):
        here = layer_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        if here is None or "spiga" in path.parts:
            continue  # spiga is above feeds: its pipeline runs them
        for module, _ in imports(path):
            there = layer_of(module) if module.startswith(f"{app}.") and ".spiga" not in module else None
            if there is not None and there > here:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


@pytest.mark.parametrize("app", APPS)
def test_the_domain_knows_neither_the_web_nor_celery(app):
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(f"{app}/domain")
        for module, _ in imports(path)
        if any(module == ban or module.startswith(f"{ban}.") for ban in DOMAIN_BANS)
    ]
    assert wrong == []


def test_the_library_has_no_clock_and_no_django():
    wrong = []
    for path in sources("carrazos/lib"):
        text = path.read_text(encoding="utf-8")
        wrong += [f"{path.name}: {word}" for word in ("datetime.now(", "date.today(", "timezone.now(", "time.time(") if word in text]
        wrong += [f"{path.name} imports {module}" for module, _ in imports(path) if module.startswith("django")]
    assert wrong == []


def test_no_import_hides_inside_a_function():
    wrong = []
    for path in [ROOT / "manage.py", *(path for top in ("carrazos", *APPS) for path in sources(top))]:
        for module, inside in imports(path):
            if inside and (str(path.relative_to(ROOT)), module) not in INSIDE:
                wrong.append(f"{path.relative_to(ROOT)}: {module}")
    assert wrong == []


def test_no_signals_and_no_save_overrides():
    wrong = []
    for app in APPS:
        for path in sources(app):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            wrong += [f"{path.name}: {module}" for module, _ in imports(path) if module == "django.dispatch"]
            wrong += [
                f"{path.name}: {node.name}.save"
                for node in ast.walk(tree)
                if isinstance(node, ast.ClassDef) and "models" in path.parts
                for item in node.body
                if isinstance(item, ast.FunctionDef) and item.name == "save"
            ]
    assert wrong == []


def test_the_top_level_is_the_owners():
    fixed = {"manage.py", "carrazos", *APPS, "templates", "static", "fixtures", "tests", "pyproject.toml", "docker-compose.yml",
             "README.md", "CHANGELOG.md", "requirements.lock", "requirements-dev.lock"}  # fmt: skip
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.name != "__pycache__"}
    assert found == fixed
