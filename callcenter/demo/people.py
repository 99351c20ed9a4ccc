"""Invented names, vehicles and phones, drawn from a seeded generator."""

from dataclasses import dataclass
from random import Random

from carrazos.lib.identity import DocumentType

WOMEN = ("Ana María", "Camila", "Laura", "Valeria", "Marta", "Sofía", "Paola", "Lucía", "Adriana", "Gloria", "Natalia", "Diana", "Claudia",
         "Juliana", "Carolina", "Mónica", "Andrea", "Ángela", "Patricia", "Isabel")  # fmt: skip
MEN = ("Juan", "Luis Carlos", "Andrés", "Jorge", "Pedro", "Diego", "Felipe", "Óscar", "Mauricio", "Germán", "Camilo", "Nicolás", "Álvaro",
       "Santiago", "Ricardo", "Hernán", "Iván", "Fabián", "Edwin", "Raúl")  # fmt: skip
SURNAMES = ("Gómez", "Muñoz", "Peña", "Rojas", "Castro", "Ruiz", "Díaz", "Ortiz", "Vargas", "Mora", "Lara", "Soto", "Parra", "Niño",
            "Cárdenas", "Beltrán", "Quintero", "Ospina", "Salazar", "Acosta", "Pineda", "Mejía", "Forero", "Rincón", "Suárez", "Bernal")  # fmt: skip
COMPANIES = (
    "Transportes del Valle Demo SAS",
    "Flota Andina Demo SAS",
    "Distribuidora La Sabana Demo Ltda",
    "Servicios Integrales Demo SAS",
)
FAMILIES = {
    "vw": ("Gol", "Polo", "T-Cross", "Nivus", "Taos", "Voyage", "Tiguan"),
    "kia": ("Picanto", "Rio", "Sportage", "Soluto", "Sonet"),
    "suzuki-motos": ("Gixxer", "GN 125", "V-Strom 250", "Best 125"),
}
VIN_HEADS = {"vw": "9BWZZZ5U1", "kia": "KNADEM2A1", "suzuki-motos": "9FSGNDEM1"}
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
CITIES = ("Bogotá", "Bogotá", "Bogotá", "Soacha", "Chía", "Cajicá", "Funza")


@dataclass(frozen=True)
class Person:
    """One invented owner and vehicle."""

    name: str
    spiga_name: str
    is_company: bool
    document_type: str
    document: str
    mobile: str
    fixed: str
    email: str
    city: str
    brand: str
    family: str
    plate: str
    vin: str
    year: int
    odometer: int


def person(rng: Random, number: int, brand: str) -> Person:
    """The `number`-th invented person; numbers never repeat a phone, document, plate or VIN."""
    is_company = rng.random() < 0.05
    first, second = rng.choice(SURNAMES), rng.choice(SURNAMES)
    given = rng.choice(WOMEN if rng.random() < 0.5 else MEN)
    name = f"{rng.choice(COMPANIES)}" if is_company else f"{given} {first} {second}"
    letter = VIN_LETTERS[number // 1000 % 23] + VIN_LETTERS[number // 37 % 23]
    plate = f"ZZ{VIN_LETTERS[number // 1000 % 23]}{number % 1000:03d}"
    if brand == "suzuki-motos":
        plate = f"ZZ{VIN_LETTERS[number // 100 % 23]}{number % 100:02d}{VIN_LETTERS[number // 2300 % 23]}"
    return Person(
        name=name,
        spiga_name=name.upper() if is_company else f"{first} {second} {given}".upper(),
        is_company=is_company,
        document_type=DocumentType.NIT if is_company else DocumentType.CC,
        document=str(900_100_000 + number) if is_company else str(1_075_000_000 + number * 7),
        mobile=f"+57300555{number:04d}",
        fixed=f"+57601555{number:04d}" if rng.random() < 0.3 else "",
        email=f"cliente{number}@correo.example" if rng.random() < 0.7 else "",
        city=rng.choice(CITIES),
        brand=brand,
        family=rng.choice(FAMILIES[brand]),
        plate=plate,
        vin=f"{VIN_HEADS[brand]}{letter}{number:06d}",
        year=rng.randint(2014, 2026),
        odometer=rng.randint(4, 120) * 1000 + rng.randint(0, 999),
    )
