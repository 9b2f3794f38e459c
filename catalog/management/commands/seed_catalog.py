"""`manage.py seed_catalog --products N`: a large catalogue to develop and measure with, the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, reset_queries, transaction
from django.db.models import Q
from django.utils.text import slugify

from catalog import models, money

BATCH = 1000
MAX_PRODUCTS = 10_000_000
PUBLISHED = datetime(2024, 1, 1, tzinfo=UTC)


def _words(text: str) -> list[str]:
    return text.split()


# Shelves of shelves of things.
TREE = {
    "Furniture": {
        "Tables": ["desk", "dining table", "side table", "console"],
        "Seating": ["chair", "armchair", "stool", "bench"],
        "Storage": ["shelf", "cabinet", "wardrobe", "drawer unit"],
        "Bedroom": ["bed", "nightstand", "mattress", "headboard"],
    },
    "Lighting": {
        "Indoor lights": ["lamp", "chandelier", "spotlight", "reading light"],
        "Outdoor lights": ["lantern", "floodlight", "string light", "torch"],
        "Candles": ["candle", "candlestick", "tealight", "wax melt"],
    },
    "Kitchen": {
        "Cookware": ["pan", "pot", "wok", "casserole"],
        "Tableware": ["plate", "bowl", "mug", "glass"],
        "Tools": ["knife", "whisk", "grater", "cutting board"],
        "Appliances": ["kettle", "toaster", "blender", "coffee grinder"],
    },
    "Clothing": {
        "Tops": ["shirt", "sweater", "hoodie", "blouse"],
        "Bottoms": ["trousers", "jeans", "skirt", "shorts"],
        "Outerwear": ["jacket", "coat", "raincoat", "vest"],
        "Footwear": ["sneakers", "boots", "sandals", "slippers"],
    },
    "Garden": {
        "Plants": ["planter", "seed box", "herb pot", "trellis"],
        "Garden tools": ["spade", "rake", "watering can", "hose"],
        "Outdoor living": ["hammock", "parasol", "fire bowl", "picnic blanket"],
    },
    "Office": {
        "Writing": ["notebook", "pen", "pencil case", "calendar"],
        "Desk things": ["organiser", "monitor stand", "bookend", "paper tray"],
        "Bags": ["backpack", "briefcase", "tote", "laptop sleeve"],
    },
    "Sports": {
        "Fitness": ["dumbbell", "yoga mat", "kettlebell", "jump rope"],
        "Cycling": ["helmet", "bicycle pump", "saddle", "pannier"],
        "Camping": ["tent", "sleeping bag", "stove", "headlamp"],
    },
    "Music": {
        "Instruments": ["guitar", "ukulele", "keyboard", "drum"],
        "Sound": ["speaker", "headphones", "turntable", "microphone"],
        "Downloads": ["sheet music", "sound library", "lesson", "backing track"],
    },
}
ADJECTIVES = _words(
    "Nordic classic modern rustic slim bold quiet bright compact folding portable handmade vintage robust light "
    "elegant minimal tall wide round soft sturdy clever reclaimed polished woven matte glossy striped pure"
)
MATERIALS = _words(
    "oak walnut beech ash bamboo steel brass copper glass ceramic linen cotton wool leather cork marble granite rattan"
)
COLOURS = ["black", "white", "grey", "red", "blue", "green", "yellow", "brown", "beige", "orange", "pink", "purple"]
STYLES = ["industrial", "country", "art deco", "bohemian", "mid-century", "contemporary"]
ROOMS = ["living room", "bedroom", "kitchen", "office", "balcony", "hall", "studio"]
ORIGINS = ["Germany", "Portugal", "Italy", "Poland", "Sweden", "Japan", "Vietnam", "India"]
TAGS = _words("new sale gift bestseller organic recycled limited handmade local vegan durable travel family premium")
SENTENCES = [
    "A {adjective} {noun} for the {room}, made of {material}.",
    "Designed in {origin} and built to last a lifetime.",
    "Its {style} look goes well with {colour} walls.",
    "Our workshop in {origin} finishes every piece by hand.",
    "Easy to clean: wipe it with a damp cloth.",
    "The {material} comes from certified sources.",
    "Delivered in one parcel, assembled within minutes.",
    "Customers praise how {adjective} it feels after years of use.",
    "Pairs with the other {style} pieces of this series.",
    "A present for everybody who loves a {adjective} {room}.",
]
SIZES = ["XS", "S", "M", "L", "XL"]
SYLLABLES = _words("al be cor da el fi gra ho in ja ki lu mo na or pe qui ra so ta um ve wi xa yo za")
# Worth of one euro, roughly; a currency that is not here counts as much as one.
RATES = {"USD": "1.10", "GBP": "0.85", "CHF": "0.95", "JPY": "160", "PLN": "4.30", "SEK": "11.30", "KWD": "0.33"}
VENDORS = 120


class Command(BaseCommand):
    help = (
        "Fills the catalogue with varied products, the same ones for the same seed: categories, vendors, variants, "
        "prices in every currency of the shop, stock, ratings. Run again with a larger number, it adds what is missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", type=int, default=1000, help="how many there shall be in all")
        parser.add_argument("--seed", type=int, default=1, help="another seed makes another catalogue beside it")
        parser.add_argument("--force", action="store_true", help="do so although DEBUG is off")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted, seed = options["products"], options["seed"]
        if not settings.DEBUG and not options["force"]:
            raise CommandError("This shop is not in development. To fill it with made-up products, add --force.")
        if not 0 < wanted <= MAX_PRODUCTS:
            raise CommandError(f"--products must be from 1 to {MAX_PRODUCTS}.")
        if not 0 <= seed < 1000:
            raise CommandError("--seed must be from 0 to 999.")

        shelves, vendors = _shelves(), _vendors()
        made = 0
        for start in range(0, wanted, BATCH):
            with transaction.atomic():
                made += _fill(range(start, min(start + BATCH, wanted)), seed, shelves, vendors)
            if settings.DEBUG:
                reset_queries()  # which Django would keep in memory
        if connection.vendor == "postgresql":
            # What the server does by itself some minutes later.
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
                cursor.execute("SELECT gin_clean_pending_list('product_by_words')")
        self.stdout.write(self.style.SUCCESS(f"{made} products made, {wanted - made} were there."))


def _shelves() -> list[tuple[str, str, models.Category]]:
    """Every thing there is, with the name of its top shelf and the shelf it stands on."""
    things = []
    for top_name, below in TREE.items():
        top = _shelf(top_name, None)
        for name, nouns in below.items():
            middle = _shelf(name, top)
            things += [(noun, top_name, _shelf(noun.capitalize(), middle)) for noun in nouns]
    return things


def _shelf(name: str, parent: models.Category | None) -> models.Category:
    """By its slug, or the one of this name that a shop has in the same place."""
    slug = f"seeded-{slugify(name)}"
    there = models.Category.objects.filter(Q(slug=slug) | Q(name=name, parent=parent)).first()
    return there or models.Category.objects.create(slug=slug, name=name, parent=parent)


def _vendors() -> list[models.Vendor]:
    chance = random.Random("vendors")
    names = [f"{_invented(chance).capitalize()} & {_invented(chance).capitalize()}" for _ in range(VENDORS)]
    made = models.Vendor.objects.get_or_create
    return [made(slug=f"seeded-{number}", defaults={"name": name})[0] for number, name in enumerate(names)]


def _fill(
    numbers: range, seed: int, shelves: list[tuple[str, str, models.Category]], vendors: list[models.Vendor]
) -> int:
    """Makes those of the products with these numbers that are not there."""
    slugs = {f"seeded-{seed}-{number}": number for number in numbers}
    there = set(models.Product.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    goods = [_Goods(slug, seed, number, shelves, vendors) for slug, number in slugs.items() if slug not in there]
    models.Product.objects.bulk_create(each.product for each in goods)
    models.ProductVariant.objects.bulk_create(variant for each in goods for variant in each.variants)
    models.StockLevel.objects.bulk_create(level for each in goods for level in each.stock())
    models.VariantPrice.objects.bulk_create(price for each in goods for price in each.prices())
    models.PriceRange.objects.bulk_create(span for each in goods for span in each.ranges())
    models.ProductImage.objects.bulk_create(image for each in goods for image in each.images())
    return len(goods)


class _Goods:
    """One product with all that belongs to it, not yet written."""

    def __init__(
        self,
        slug: str,
        seed: int,
        number: int,
        shelves: list[tuple[str, str, models.Category]],
        vendors: list[models.Vendor],
    ):
        self.chance = chance = random.Random(f"{seed}:{number}")
        self.number, self.seed = number, seed
        noun, top, shelf = chance.choice(shelves)
        self.material, self.top = chance.choice(MATERIALS), top
        # Few vendors have most of the products, as in life.
        vendor = vendors[int(len(vendors) * chance.random() ** 2)]
        price = Decimal(int(chance.lognormvariate(4, 1) * 100) + 99) / 100
        # A stroke of luck is rare: most products sell little.
        sold = int(chance.paretovariate(1.1)) - 1
        rated = chance.random() < 0.7
        words = [chance.choice(ADJECTIVES), self.material, noun, _invented(chance)]
        self.variants: list[models.ProductVariant] = []
        self.product = models.Product(
            slug=slug,
            name=" ".join([words[0].capitalize(), *words[1:3], words[3].capitalize()]),
            description=self._description(noun),
            status=chance.choices(models.ProductStatus.values, [4, 94, 2])[0],
            published_at=PUBLISHED + timedelta(minutes=chance.randrange(365 * 24 * 60)),
            category=shelf,
            vendor=vendor,
            tags=sorted(chance.sample(TAGS, chance.randrange(4))),
            attributes=self._attributes(),
            is_featured=chance.random() < 0.01,
            is_digital=noun in TREE["Music"]["Downloads"],
            currency=settings.SHOP_CURRENCY,
            rating_count=chance.randrange(1, 300) if rated else 0,
            rating_average=Decimal(chance.randrange(200, 501)) / 100 if rated else Decimal(0),
            units_sold=min(sold, 100_000),
        )
        self._vary(price)

    def _description(self, noun: str) -> str:
        choose = self.chance.choice
        first, second = self.chance.sample(SENTENCES, 2)
        filled = {"noun": noun, "material": self.material, "room": choose(ROOMS), "origin": choose(ORIGINS)}
        filled |= {"adjective": choose(ADJECTIVES), "style": choose(STYLES), "colour": choose(COLOURS)}
        return f"<p>{first.format(**filled)}</p><p>{second.format(**filled)}</p>"

    def _attributes(self) -> dict[str, Any]:
        choose = self.chance.choice
        found: dict[str, Any] = {"material": self.material, "origin": choose(ORIGINS), "warranty": choose([1, 2, 3, 5])}
        if self.top in ("Furniture", "Lighting", "Garden"):
            found |= {"style": choose(STYLES), "room": choose(ROOMS)}
        if self.top in ("Clothing", "Sports"):
            found |= {"fit": choose(["slim", "regular", "wide"]), "washable": choose([True, False])}
        if self.top == "Lighting":
            found["watts"] = choose([5, 10, 20, 40])
        return found

    def _vary(self, price: Decimal) -> None:
        chance = self.chance
        colours = chance.sample(COLOURS, chance.randrange(1, 4))
        sizes = chance.sample(SIZES, 2) if self.top == "Clothing" else [None]
        for position, (colour, size) in enumerate((colour, size) for colour in colours for size in sizes):
            options = [{"name": "Colour", "value": colour}, *([{"name": "Size", "value": size}] if size else [])]
            amount = money.rounded(price * (10 + position) / 10, settings.SHOP_CURRENCY).amount
            self.variants.append(
                models.ProductVariant(
                    product=self.product,
                    sku=f"SEED-{self.seed}-{self.number}-{position}",
                    barcode=str(2_000_000_000_000 + self.number * 10 + position),
                    name=" / ".join(option["value"] for option in options),
                    options=options,
                    options_key=models.ProductVariant.key_of(options),
                    price_amount=amount,
                    compare_at_amount=amount * 2 if chance.random() < 0.2 else None,
                    currency=settings.SHOP_CURRENCY,
                    weight_grams=chance.randrange(50, 20_000),
                    position=position,
                )
            )
        amounts = [variant.price_amount for variant in self.variants]
        self.product.price_min, self.product.price_max = min(amounts), max(amounts)

    def stock(self) -> Iterator[models.StockLevel]:
        sold_out = self.chance.random() < 0.12
        for variant in self.variants:
            yield models.StockLevel(variant=variant, on_hand=0 if sold_out else self.chance.randrange(200))

    def prices(self) -> Iterator[models.VariantPrice]:
        for currency in settings.SHOP_CURRENCIES[1:]:
            # Not everything is for sale everywhere.
            if (self.number + len(currency)) % 10:
                for variant in self.variants:
                    yield models.VariantPrice(
                        variant=variant, currency=currency, amount=_converted(variant.price_amount, currency)
                    )

    def ranges(self) -> Iterator[models.PriceRange]:
        amounts: dict[str, list[Decimal]] = {}
        for price in self.prices():
            amounts.setdefault(price.currency, []).append(price.amount)
        for currency, found in amounts.items():
            yield models.PriceRange(product=self.product, currency=currency, lowest=min(found), highest=max(found))

    def images(self) -> Iterator[models.ProductImage]:
        address = f"https://images.example/{self.seed}/{self.number}.webp"
        yield models.ProductImage(product=self.product, source_url=address, alt=self.product.name)


def _converted(amount: Decimal, currency: str) -> Decimal:
    return money.rounded(amount * Decimal(RATES.get(currency, "1")), currency).amount


def _invented(chance: random.Random) -> str:
    """A word that no dictionary has."""
    return "".join(chance.choices(SYLLABLES, k=chance.randrange(2, 4)))
