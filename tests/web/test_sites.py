from importlib.metadata import EntryPoint

import pytest

from runtime.errors import ConfigurationError
from web.sites import GROUP, find_site
from web.storefront import blueprints


def entry(name, value):
    return EntryPoint(name=name, value=value, group=GROUP)


SHOP = entry("shop", "web.storefront:blueprints")


def test_an_application_gets_the_site_that_bears_its_name():
    assert find_site("shop", [entry("other", "nowhere:nothing"), SHOP]) == list(blueprints())


def test_an_application_without_a_site_gets_none():
    assert find_site("bench", [SHOP]) == ()


def test_the_shops_site_is_installed():
    assert find_site("shop") == list(blueprints())


@pytest.mark.parametrize(
    "value", ["nowhere:blueprints", "web.storefront:nothing", "tests.web.test_sites:GROUP"]
)
def test_a_site_that_cannot_be_loaded_is_said_so(value):
    with pytest.raises(ConfigurationError, match="cannot load the site of shop"):
        find_site("shop", [entry("shop", value)])


def give_numbers():
    return [1, 2]


def test_a_site_that_is_none_is_said_so():
    with pytest.raises(ConfigurationError, match="no blueprint"):
        find_site("shop", [entry("shop", "tests.web.test_sites:give_numbers")])
