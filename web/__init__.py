"""The site of any App: JSON API, dashboard, health and metrics; `storefront` is the shop's own part."""
