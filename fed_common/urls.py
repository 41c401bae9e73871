"""Composition root of the URLs."""

from django.urls import URLPattern, URLResolver, include, path

from fed_common.broker import health, problems

API = "api/multicloud/v1/"
CLOUDS = "api/multicloud/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(API, include("fed_common.inventory.urls")),
    path(API, include("fed_common.events.urls")),
    path(API, include("fed_common.monitor.urls")),
    path(API, include("fed_common.faults.urls")),
    path(API, include("fed_common.notify.urls")),
    path(API, include("fed_common.alarms.table.urls")),
    path(API, include("fed_common.alarms.profile_urls")),
    path("", include("fed_common.broker.schema_urls")),
    path(CLOUDS, include("fed_common.events.cloud_urls")),
    path(CLOUDS, include("fed_common.broker.urls")),
    path("openstack/", include("fed_common.inventory.tacker.urls")),
    path("openstack/", include("fed_common.alarms.aodh.urls")),
    path("openstack/", include("fed_common.monitor.mistral.urls")),
    path("", include("fed_common.monitor.alarm_paths")),
    path("vnffm/v1/", include("fed_common.alarms.vnffm.urls")),
    path("", include("fed_common.faults.doctor_urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics_page),
    path("", include("fed_common.events.message_router.urls")),
    path("", include("fed_common.web.urls")),
]

handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.page_not_found
handler500 = problems.server_error
