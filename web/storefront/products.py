"""What the shop sells."""

from quart import Blueprint

from shop.products import list_products
from web.operations import operation
from web.site import site
from web.storefront.shapes import ProductList, ProductShape

blueprint = Blueprint("products", __name__)


@blueprint.get("/products")
@operation(public=True)
async def products() -> ProductList:
    """Everything on sale, and how much of it is left."""
    found = await site().deployment.db.read(list_products)
    return ProductList(products=[ProductShape.of_product(product) for product in found])
