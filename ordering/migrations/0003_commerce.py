"""Promotions, taxes, zones, refunds, returns, files, documents, webhooks and keys; carts and orders know of them."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


# Parts of an e-mail address and of a name are looked for in all orders. The catalog brought the extension.
INSTALL = [
    "CREATE INDEX order_by_part_of_email ON ordering_order USING gin (UPPER(email) gin_trgm_ops)",
    "CREATE INDEX order_by_part_of_name ON ordering_order USING gin "
    "(UPPER(shipping_address ->> 'full_name') gin_trgm_ops)",
]
REMOVE = ["DROP INDEX order_by_part_of_name", "DROP INDEX order_by_part_of_email"]


def install(apps, schema_editor):
    run(INSTALL, schema_editor)


def remove(apps, schema_editor):
    run(REMOVE, schema_editor)


def run(statements, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_tax_class'),
        ('ordering', '0002_shipping_method_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CustomerGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='DigitalFile',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(help_text="What the buyer's file is called.", max_length=200)),
                ('file', models.CharField(editable=False, max_length=200)),
                ('size', models.PositiveBigIntegerField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('INVOICE', 'Invoice'), ('CREDIT_NOTE', 'Credit Note')], max_length=12)),
                ('number', models.CharField(max_length=30, unique=True)),
                ('data', models.JSONField(default=dict)),
                ('file', models.CharField(blank=True, editable=False, help_text='In the private storage.', max_length=200)),
                ('issued_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['issued_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Download',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('downloads_left', models.PositiveSmallIntegerField()),
                ('expires_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(blank=True, help_text='When it was last begun.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=60)),
                ('key', models.CharField(max_length=128)),
                ('operation', models.CharField(max_length=40)),
                ('digest', models.CharField(help_text='Of what was asked, and by whom.', max_length=64)),
                ('answer', models.CharField(blank=True, help_text='The key of the row that it made.', max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='NumberSeries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('INVOICE', 'Invoice'), ('CREDIT_NOTE', 'Credit Note')], max_length=12)),
                ('year', models.PositiveSmallIntegerField()),
                ('last', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'number series',
            },
        ),
        migrations.CreateModel(
            name='OrderNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=2000)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(help_text='What the buyer reads in the breakdown.', max_length=100)),
                ('code', models.CharField(blank=True, help_text='In capitals; empty for a rule that needs none.', max_length=40, null=True, unique=True)),
                ('kind', models.CharField(choices=[('PERCENTAGE', 'Percentage'), ('FIXED', 'Fixed'), ('FREE_SHIPPING', 'Free Shipping'), ('BUY_X_GET_Y', 'Buy X Get Y')], max_length=15)),
                ('percent', models.DecimalField(blank=True, decimal_places=2, help_text='Of a percentage; of buy X get Y how much off the Y are.', max_digits=5, null=True)),
                ('amount', models.DecimalField(blank=True, decimal_places=3, help_text='Of a fixed discount, off everything it is for together.', max_digits=14, null=True)),
                ('minimum_amount', models.DecimalField(blank=True, decimal_places=3, help_text='The goods must cost at least this much.', max_digits=14, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('buy_quantity', models.PositiveIntegerField(blank=True, null=True)),
                ('get_quantity', models.PositiveIntegerField(blank=True, null=True)),
                ('is_first_order_only', models.BooleanField(default=False)),
                ('starts_at', models.DateTimeField(blank=True, null=True)),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('is_active', models.BooleanField(default=True)),
                ('priority', models.PositiveSmallIntegerField(default=100, help_text='Smaller ones are taken off first.')),
                ('is_exclusive', models.BooleanField(default=False, help_text='Never together with another promotion.')),
                ('usage_limit', models.PositiveIntegerField(blank=True, help_text='Orders in all.', null=True)),
                ('usage_limit_per_customer', models.PositiveIntegerField(blank=True, null=True)),
                ('times_used', models.PositiveIntegerField(default=0, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['priority', 'created_at', 'id'],
                'permissions': [('manage_promotions', 'Can keep coupons and promotions')],
            },
        ),
        migrations.CreateModel(
            name='PromotionUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email_key', models.CharField(blank=True, help_text="A digest of the buyer's address: guests are customers, too.", max_length=64)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=14)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('REQUESTED', 'Requested'), ('DONE', 'Done'), ('FAILED', 'Failed')], default='REQUESTED', editable=False, max_length=10)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=14)),
                ('currency', models.CharField(max_length=3)),
                ('reason', models.CharField(max_length=500)),
                ('reference', models.CharField(blank=True, max_length=255)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='RefundLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField()),
                ('amount', models.DecimalField(decimal_places=3, max_digits=14)),
            ],
        ),
        migrations.CreateModel(
            name='Return',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('REQUESTED', 'Requested'), ('APPROVED', 'Approved'), ('REJECTED', 'Rejected'), ('RECEIVED', 'Received'), ('REFUNDED', 'Refunded'), ('CANCELLED', 'Cancelled')], default='REQUESTED', editable=False, max_length=10)),
                ('note', models.CharField(blank=True, help_text='From the buyer.', max_length=1000)),
                ('decision_note', models.CharField(blank=True, help_text='For the buyer.', max_length=500)),
                ('requested_at', models.DateTimeField(auto_now_add=True)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['requested_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ReturnLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField()),
                ('reason', models.CharField(choices=[('DAMAGED', 'Damaged'), ('WRONG_ITEM', 'Wrong Item'), ('NOT_AS_DESCRIBED', 'Not As Described'), ('DOES_NOT_FIT', 'Does Not Fit'), ('CHANGED_MIND', 'Changed Mind'), ('OTHER', 'Other')], max_length=20)),
                ('restocked', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='ShippingTier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_weight_grams', models.PositiveIntegerField(default=0)),
                ('from_subtotal_amount', models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=14)),
                ('price_amount', models.DecimalField(decimal_places=3, max_digits=14)),
            ],
            options={
                'ordering': ['from_weight_grams', 'from_subtotal_amount'],
            },
        ),
        migrations.CreateModel(
            name='ShippingZone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('countries', models.JSONField(blank=True, default=list, help_text='ISO 3166 codes; an empty list means everywhere else.')),
            ],
        ),
        migrations.CreateModel(
            name='TaxRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(help_text='ISO 3166 code.', max_length=2)),
                ('region', models.CharField(blank=True, help_text='As the address has it; empty: the whole country.', max_length=100)),
                ('tax_class', models.CharField(default='standard', max_length=30)),
                ('name', models.CharField(default='VAT', help_text='What invoices call it.', max_length=50)),
                ('percent', models.DecimalField(decimal_places=3, max_digits=6)),
            ],
        ),
        migrations.CreateModel(
            name='WebhookMessage',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('gateway', models.CharField(max_length=30)),
                ('message_id', models.CharField(help_text="The gateway's own name for it.", max_length=255)),
                ('type', models.CharField(max_length=100)),
                ('body', models.JSONField()),
                ('received_at', models.DateTimeField(auto_now_add=True)),
                ('processed_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0, help_text='How often it could not be worked on.')),
                ('outcome', models.CharField(blank=True, help_text='What was done about it.', max_length=255)),
            ],
        ),
        migrations.AlterModelOptions(
            name='fulfillmentline',
            options={'ordering': ['id']},
        ),
        migrations.RemoveConstraint(
            model_name='payment',
            name='payment_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='shippingmethod',
            name='shipping_name_once_per_currency',
        ),
        migrations.RemoveIndex(
            model_name='order',
            name='order_by_customer',
        ),
        migrations.RemoveIndex(
            model_name='order',
            name='order_by_newest',
        ),
        migrations.RemoveIndex(
            model_name='order',
            name='order_by_status',
        ),
        migrations.AddField(
            model_name='cart',
            name='billing_address',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='cart',
            name='drafted_by',
            field=models.ForeignKey(blank=True, help_text='The member of staff who prepares it: then it is a draft order.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cart',
            name='email',
            field=models.EmailField(blank=True, max_length=254),
        ),
        migrations.AddField(
            model_name='cart',
            name='merge_outcomes',
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='cart',
            name='merged_into',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='ordering.cart'),
        ),
        migrations.AddField(
            model_name='cart',
            name='note',
            field=models.CharField(blank=True, help_text='From the buyer, for the shop.', max_length=1000),
        ),
        migrations.AddField(
            model_name='cart',
            name='reminded_at',
            field=models.DateTimeField(blank=True, help_text='When its customer was told of it.', null=True),
        ),
        migrations.AddField(
            model_name='cart',
            name='shipping_address',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='cart',
            name='shipping_method',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='ordering.shippingmethod'),
        ),
        migrations.AddField(
            model_name='cartline',
            name='agreed_amount',
            field=models.DecimalField(blank=True, decimal_places=3, help_text='What one cost when the buyer last put it in or changed it.', max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name='cartline',
            name='expiry_told_at',
            field=models.DateTimeField(blank=True, help_text='When it was told that this ends soon.', null=True),
        ),
        migrations.AddField(
            model_name='cartline',
            name='reserved',
            field=models.PositiveIntegerField(default=0, help_text='So many are held back on the shelf.'),
        ),
        migrations.AddField(
            model_name='cartline',
            name='reserved_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='fulfillment',
            name='is_digital',
            field=models.BooleanField(default=False, help_text='Files to download; nothing travels.'),
        ),
        migrations.AddField(
            model_name='order',
            name='drafted_by',
            field=models.ForeignKey(blank=True, help_text='The member of staff who placed it for the buyer.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='order',
            name='held_from',
            field=models.CharField(blank=True, choices=[('PENDING', 'Pending'), ('AWAITING_APPROVAL', 'Awaiting Approval'), ('CONFIRMED', 'Confirmed'), ('PROCESSING', 'Processing'), ('PARTIALLY_SHIPPED', 'Partially Shipped'), ('SHIPPED', 'Shipped'), ('DELIVERED', 'Delivered'), ('ON_HOLD', 'On Hold'), ('CANCELLED', 'Cancelled'), ('REJECTED', 'Rejected')], editable=False, help_text='Where a hold found it.', max_length=20),
        ),
        migrations.AddField(
            model_name='order',
            name='included_tax_amount',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=14),
        ),
        migrations.AddField(
            model_name='order',
            name='is_due_on_delivery',
            field=models.BooleanField(default=False, editable=False, help_text='It is shipped before it is paid.'),
        ),
        migrations.AddField(
            model_name='order',
            name='is_payment_awaited',
            field=models.BooleanField(default=False, editable=False, help_text='Staff note the money when it comes: a bank transfer, cash on delivery.'),
        ),
        migrations.AddField(
            model_name='order',
            name='note',
            field=models.CharField(blank=True, help_text='From the buyer.', max_length=1000),
        ),
        migrations.AddField(
            model_name='order',
            name='price_breakdown',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='order',
            name='prices_include_tax',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='order',
            name='shipping_discount_amount',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=14),
        ),
        migrations.AddField(
            model_name='order',
            name='shipping_tax_amount',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), help_text='Included in its price, or on top of it.', max_digits=14),
        ),
        migrations.AddField(
            model_name='order',
            name='shipping_tax_percent',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=6),
        ),
        migrations.AddField(
            model_name='orderline',
            name='discount_amount',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), help_text='Off the whole line.', max_digits=14),
        ),
        migrations.AddField(
            model_name='orderline',
            name='is_digital',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='orderline',
            name='tax_amount',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), help_text='Of the whole line: included in its price, or on top.', max_digits=14),
        ),
        migrations.AddField(
            model_name='orderline',
            name='tax_name',
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name='orderline',
            name='tax_percent',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=6),
        ),
        migrations.AddField(
            model_name='payment',
            name='action',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='payment',
            name='captured_amount',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=14),
        ),
        migrations.AddField(
            model_name='payment',
            name='is_due_on_delivery',
            field=models.BooleanField(default=False, help_text='The parcel goes out before it is paid.'),
        ),
        migrations.AddField(
            model_name='payment',
            name='reconciled_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='payment',
            name='refunded_amount',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=14),
        ),
        migrations.AddField(
            model_name='payment',
            name='review_reason',
            field=models.CharField(blank=True, help_text='Why a person has to look at it.', max_length=255),
        ),
        migrations.AddField(
            model_name='shippingmethod',
            name='max_weight_grams',
            field=models.PositiveIntegerField(blank=True, help_text='Nothing heavier is sent this way.', null=True),
        ),
        migrations.AddField(
            model_name='shippingmethod',
            name='tax_class',
            field=models.CharField(default='standard', max_length=30),
        ),
        migrations.AlterField(
            model_name='order',
            name='shipping_method',
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AlterField(
            model_name='payment',
            name='state',
            field=models.CharField(choices=[('REQUESTED', 'Requested'), ('ACTION_REQUIRED', 'Action Required'), ('AWAITED', 'Awaited'), ('IN_REVIEW', 'In Review'), ('AUTHORIZED', 'Authorized'), ('CAPTURED', 'Captured'), ('VOIDED', 'Voided'), ('REFUNDED', 'Refunded'), ('DECLINED', 'Declined')], default='REQUESTED', editable=False, max_length=15),
        ),
        migrations.AlterField(
            model_name='shippingmethod',
            name='price_amount',
            field=models.DecimalField(decimal_places=3, help_text='Where no tier says otherwise.', max_digits=14),
        ),
        migrations.AddIndex(
            model_name='cartline',
            index=models.Index(condition=models.Q(('reserved__gt', 0)), fields=['reserved_until'], name='cart_line_by_reservation'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['customer', 'placed_at', 'id'], name='order_by_customer'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['placed_at', 'id'], name='order_by_newest'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['status', 'placed_at', 'id'], name='order_by_status'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['payment_status', 'placed_at', 'id'], name='order_by_payment_status'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['total_amount', 'id'], name='order_by_total'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(django.db.models.functions.text.Upper('email'), name='order_by_email'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('payment_status__in', ['PAID', 'PARTIALLY_REFUNDED']), ('status__in', ['CANCELLED', 'REJECTED'])), fields=['id'], name='order_to_give_back'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(django.db.models.functions.text.Upper('sku'), name='order_line_by_sku'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(condition=models.Q(('is_digital', True), ('quantity_fulfilled__lt', models.F('quantity'))), fields=['variant'], name='order_line_digital_open'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['gateway', 'reference'], name='payment_by_reference'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('state__in', ['REQUESTED', 'ACTION_REQUIRED', 'AWAITED', 'IN_REVIEW', 'AUTHORIZED'])), fields=['updated_at'], name='payment_open'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['updated_at', 'id'], name='payment_by_change'),
        ),
        migrations.AddConstraint(
            model_name='cartline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reserved', 0), ('reserved_until', None)), models.Q(('reserved__gte', 1), ('reserved_until__isnull', False)), _connector='OR'), name='cart_line_reserves_until_a_moment'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('discount_amount__gte', Decimal('0')), ('discount_amount__lte', django.db.models.expressions.CombinedExpression(models.F('unit_amount'), '*', models.F('quantity'))), ('tax_amount__gte', Decimal('0'))), name='order_line_never_below_zero'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['REQUESTED', 'ACTION_REQUIRED', 'AWAITED', 'IN_REVIEW', 'AUTHORIZED', 'CAPTURED', 'VOIDED', 'REFUNDED', 'DECLINED'])), name='payment_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_amount__gte', Decimal('0')), ('refunded_amount__lte', models.F('captured_amount'))), name='payment_not_refunded_beyond_what_was_captured'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured_amount__lte', models.F('amount'))), name='payment_not_captured_beyond_its_amount'),
        ),
        migrations.AddField(
            model_name='customergroup',
            name='members',
            field=models.ManyToManyField(blank=True, related_name='customer_groups', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='digitalfile',
            name='variant',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='digital_files', to='catalog.productvariant'),
        ),
        migrations.AddField(
            model_name='document',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='ordering.order'),
        ),
        migrations.AddField(
            model_name='download',
            name='file',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='downloads', to='ordering.digitalfile'),
        ),
        migrations.AddField(
            model_name='download',
            name='order_line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='downloads', to='ordering.orderline'),
        ),
        migrations.AddIndex(
            model_name='idempotencykey',
            index=models.Index(fields=['created_at'], name='idempotency_key_by_age'),
        ),
        migrations.AddConstraint(
            model_name='idempotencykey',
            constraint=models.UniqueConstraint(fields=('scope', 'key'), name='idempotency_key_once_per_scope'),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=models.UniqueConstraint(fields=('kind', 'year'), name='number_series_once_per_year'),
        ),
        migrations.AddField(
            model_name='ordernote',
            name='author',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ordernote',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='ordering.order'),
        ),
        migrations.AddField(
            model_name='promotion',
            name='categories',
            field=models.ManyToManyField(blank=True, help_text='With all beneath them.', related_name='+', to='catalog.category'),
        ),
        migrations.AddField(
            model_name='promotion',
            name='customer_groups',
            field=models.ManyToManyField(blank=True, related_name='promotions', to='ordering.customergroup'),
        ),
        migrations.AddField(
            model_name='promotion',
            name='products',
            field=models.ManyToManyField(blank=True, related_name='+', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='cart',
            name='coupons',
            field=models.ManyToManyField(blank=True, related_name='+', to='ordering.promotion'),
        ),
        migrations.AddIndex(
            model_name='cart',
            index=models.Index(condition=models.Q(('completed_at', None)), fields=['updated_at'], name='cart_by_age'),
        ),
        migrations.AddIndex(
            model_name='cart',
            index=models.Index(fields=['customer', '-updated_at'], name='cart_by_customer'),
        ),
        migrations.AddIndex(
            model_name='cart',
            index=models.Index(condition=models.Q(('completed_at', None), ('drafted_by__isnull', False)), fields=['created_at', 'id'], name='cart_drafts'),
        ),
        migrations.AddField(
            model_name='promotionuse',
            name='customer',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='promotionuse',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='promotion_uses', to='ordering.order'),
        ),
        migrations.AddField(
            model_name='promotionuse',
            name='promotion',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='ordering.promotion'),
        ),
        migrations.AddField(
            model_name='refund',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='refund',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='ordering.payment'),
        ),
        migrations.AddField(
            model_name='document',
            name='refund',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_note', to='ordering.refund'),
        ),
        migrations.AddField(
            model_name='refundline',
            name='order_line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refund_lines', to='ordering.orderline'),
        ),
        migrations.AddField(
            model_name='refundline',
            name='refund',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='ordering.refund'),
        ),
        migrations.AddField(
            model_name='return',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='return',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='returns', to='ordering.order'),
        ),
        migrations.AddField(
            model_name='return',
            name='refund',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='return_of', to='ordering.refund'),
        ),
        migrations.AddField(
            model_name='returnline',
            name='order_line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='return_lines', to='ordering.orderline'),
        ),
        migrations.AddField(
            model_name='returnline',
            name='return_of',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='ordering.return'),
        ),
        migrations.AddField(
            model_name='shippingtier',
            name='method',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tiers', to='ordering.shippingmethod'),
        ),
        migrations.AddField(
            model_name='shippingmethod',
            name='zone',
            field=models.ForeignKey(blank=True, help_text='Empty: it ships everywhere.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='methods', to='ordering.shippingzone'),
        ),
        migrations.AddConstraint(
            model_name='shippingmethod',
            constraint=models.UniqueConstraint(fields=('zone', 'name', 'currency'), name='shipping_name_once_per_zone_and_currency'),
        ),
        migrations.AddConstraint(
            model_name='shippingmethod',
            constraint=models.UniqueConstraint(condition=models.Q(('zone', None)), fields=('name', 'currency'), name='shipping_name_once_per_currency'),
        ),
        migrations.AddConstraint(
            model_name='taxrate',
            constraint=models.UniqueConstraint(fields=('country', 'region', 'tax_class'), name='tax_rate_once_per_place_and_class'),
        ),
        migrations.AddConstraint(
            model_name='taxrate',
            constraint=models.CheckConstraint(condition=models.Q(('percent__gte', Decimal('0')), ('percent__lte', Decimal('100'))), name='tax_rate_in_bounds'),
        ),
        migrations.AddIndex(
            model_name='webhookmessage',
            index=models.Index(condition=models.Q(('processed_at', None)), fields=['received_at'], name='webhook_message_open'),
        ),
        migrations.AddConstraint(
            model_name='webhookmessage',
            constraint=models.UniqueConstraint(fields=('gateway', 'message_id'), name='webhook_message_once'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.UniqueConstraint(fields=('order_line', 'file'), name='download_once_per_line_and_file'),
        ),
        migrations.AddIndex(
            model_name='promotion',
            index=models.Index(condition=models.Q(('code', None), ('is_active', True)), fields=['priority'], name='promotion_automatic'),
        ),
        migrations.AddIndex(
            model_name='promotion',
            index=models.Index(fields=['-created_at', 'id'], name='promotion_by_newest'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['PERCENTAGE', 'FIXED', 'FREE_SHIPPING', 'BUY_X_GET_Y'])), name='promotion_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('percent', None), models.Q(('percent__gt', Decimal('0')), ('percent__lte', Decimal('100'))), _connector='OR'), name='promotion_percent_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('amount', None), ('amount__gt', Decimal('0')), _connector='OR'), name='promotion_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'PERCENTAGE'), _negated=True), ('percent__isnull', False), _connector='OR'), name='promotion_percentage_has_a_percent'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'FIXED'), _negated=True), ('amount__isnull', False), _connector='OR'), name='promotion_fixed_has_an_amount'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'BUY_X_GET_Y'), _negated=True), models.Q(('buy_quantity__gte', 1), ('buy_quantity__isnull', False), ('get_quantity__gte', 1), ('get_quantity__isnull', False), ('percent__isnull', False)), _connector='OR'), name='promotion_buy_x_get_y_has_quantities'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount', None), ('minimum_amount', None)), models.Q(('currency', ''), _negated=True), _connector='OR'), name='promotion_amounts_have_a_currency'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('usage_limit', None), ('times_used__lte', models.F('usage_limit')), _connector='OR'), name='promotion_not_used_beyond_its_limit'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at', None), ('ends_at', None), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='promotion_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('code', ''), _negated=True), name='promotion_code_is_not_empty'),
        ),
        migrations.AddIndex(
            model_name='promotionuse',
            index=models.Index(fields=['promotion', 'customer'], name='promotion_use_by_customer'),
        ),
        migrations.AddIndex(
            model_name='promotionuse',
            index=models.Index(fields=['promotion', 'email_key'], name='promotion_use_by_address'),
        ),
        migrations.AddConstraint(
            model_name='promotionuse',
            constraint=models.UniqueConstraint(fields=('promotion', 'order'), name='promotion_used_once_per_order'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(condition=models.Q(('state', 'REQUESTED')), fields=['updated_at'], name='refund_open'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['REQUESTED', 'DONE', 'FAILED'])), name='refund_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0'))), name='refund_amount_positive'),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(condition=models.Q(('file', '')), fields=['issued_at'], name='document_without_file'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'INVOICE')), fields=('order',), name='document_one_invoice_per_order'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'INVOICE'), ('refund', None)), models.Q(('kind', 'CREDIT_NOTE'), ('refund__isnull', False)), _connector='OR'), name='document_credits_a_refund'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.UniqueConstraint(fields=('refund', 'order_line'), name='refund_line_once_per_order_line'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='refund_line_quantity_positive'),
        ),
        migrations.AddIndex(
            model_name='return',
            index=models.Index(fields=['status', 'requested_at', 'id'], name='return_by_status'),
        ),
        migrations.AddIndex(
            model_name='return',
            index=models.Index(fields=['requested_at', 'id'], name='return_by_newest'),
        ),
        migrations.AddConstraint(
            model_name='return',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['REQUESTED', 'APPROVED', 'REJECTED', 'RECEIVED', 'REFUNDED', 'CANCELLED'])), name='return_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.UniqueConstraint(fields=('return_of', 'order_line'), name='return_line_once_per_order_line'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='return_line_quantity_positive'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.CheckConstraint(condition=models.Q(('restocked__lte', models.F('quantity'))), name='return_line_not_restocked_beyond'),
        ),
        migrations.AddConstraint(
            model_name='shippingtier',
            constraint=models.UniqueConstraint(fields=('method', 'from_weight_grams', 'from_subtotal_amount'), name='shipping_tier_once_per_threshold'),
        ),
        migrations.AddConstraint(
            model_name='shippingtier',
            constraint=models.CheckConstraint(condition=models.Q(('from_subtotal_amount__gte', Decimal('0')), ('price_amount__gte', Decimal('0'))), name='shipping_tier_not_negative'),
        ),
        migrations.RunPython(install, remove),
    ]
