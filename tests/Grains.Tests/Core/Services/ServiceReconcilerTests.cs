using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Services;

public sealed class ServiceReconcilerTests
{
    private static readonly Dictionary<string, string> Web = new() { ["app"] = "web" };

    [Fact]
    public void Endpoints_and_slices_follow_the_pods()
    {
        var world = new World();
        world.AddNode("n1", zone: "z1");
        AddService(world);
        world.AddPod("a", "n1", Web, "10.0.0.1");
        world.AddPod("b", "n1", Web, "10.0.0.2", ready: false);
        world.AddPod("c", "n1", new Dictionary<string, string> { ["app"] = "other" }, "10.0.0.3");
        world.Step<V1Service>("web");

        var endpoints = world.Api.Find<V1Endpoints>("default", "web")!;
        var subset = Assert.Single(endpoints.Subsets);
        Assert.Equal("10.0.0.1", Assert.Single(subset.Addresses).Ip);
        Assert.Equal("10.0.0.2", Assert.Single(subset.NotReadyAddresses).Ip);
        Assert.Equal(8080, Assert.Single(subset.Ports).Port);
        Assert.Equal("endpoint-controller", endpoints.Metadata.Labels["endpoints.kubernetes.io/managed-by"]);

        var slice = Assert.Single(world.Api.All<V1EndpointSlice>());
        Assert.Equal("IPv4", slice.AddressType);
        Assert.Equal("web", slice.Metadata.Labels["kubernetes.io/service-name"]);
        Assert.Equal(
            "endpointslice-controller.k8s.io", slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"]);
        Assert.Equal(
            [("10.0.0.1", true, true, "n1", "z1"), ("10.0.0.2", false, false, "n1", "z1")],
            slice.Endpoints.Select(e => (e.Addresses[0], e.Conditions.Ready!.Value, e.Conditions.Serving!.Value, e.NodeName, e.Zone)).Order());

        var before = world.Api.Writes;
        world.LoseActivations();
        world.Step<V1Service>("web");
        Assert.Equal(before, world.Api.Writes);
    }

    [Fact]
    public void Slices_have_all_labels_of_the_service_but_those_that_say_what_a_slice_is()
    {
        var world = new World();
        AddService(world, s => s.Metadata.Labels = new Dictionary<string, string>
        {
            ["team"] = "shop", ["endpoints.kubernetes.io/managed-by"] = "somebody",
            ["endpointslice.kubernetes.io/managed-by"] = "somebody", ["service.kubernetes.io/headless"] = "",
            ["kubernetes.io/service-name"] = "other",
        });
        world.Step<V1Service>("web");

        Assert.Equal(
            [
                ("endpoints.kubernetes.io/managed-by", "somebody"),
                ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"),
                ("kubernetes.io/service-name", "web"), ("team", "shop"),
            ],
            world.Api.All<V1EndpointSlice>().Single().Metadata.Labels.Select(l => (l.Key, l.Value)).Order());
    }

    /// <summary>Upstream's controllers differ: slices list such a pod without ports, Endpoints leave it out.</summary>
    [Fact]
    public void Endpoints_hold_no_pod_that_lacks_the_named_port()
    {
        var world = new World();
        world.AddNode("n1");
        AddService(world);
        world.Api.Change<V1Service>(
            "default", "web", s => s.Spec.Ports = [new V1ServicePort { Name = "http", Port = 80, TargetPort = "web" }]);
        world.AddPod("lacks", "n1", Web, "10.0.0.1");
        world.AddPod("has", "n1", Web, "10.0.0.2");
        world.Api.Change<V1Pod>("default", "has", p => p.Spec.Containers[0].Ports =
            [new V1ContainerPort { Name = "web", ContainerPort = 8080, Protocol = "TCP" }]);
        world.Step<V1Service>("web");
        var subset = Assert.Single(world.Api.Find<V1Endpoints>("default", "web")!.Subsets);
        Assert.Equal("10.0.0.2", Assert.Single(subset.Addresses).Ip);
        Assert.Equal(8080, Assert.Single(subset.Ports).Port);
        Assert.Equal(2, world.Api.All<V1EndpointSlice>().Sum(s => s.Endpoints.Count));
    }

    [Theory]
    [InlineData("None", true)]
    [InlineData("10.96.0.9", false)]
    public void A_service_without_ports_has_endpoints_when_it_is_headless(string clusterIP, bool hasAddresses)
    {
        var world = new World();
        world.AddNode("n1");
        AddService(world);
        world.Api.Change<V1Service>("default", "web", s => (s.Spec.Ports, s.Spec.ClusterIP) = (null, clusterIP));
        world.AddPod("a", "n1", Web, "10.0.0.1");
        world.Step<V1Service>("web");
        var subsets = world.Api.Find<V1Endpoints>("default", "web")!.Subsets;
        Assert.Equal(hasAddresses ? ["10.0.0.1"] : [], (subsets ?? []).SelectMany(s => s.Addresses).Select(a => a.Ip));
    }

    [Fact]
    public void A_terminating_pod_serves_on_but_is_not_ready()
    {
        var world = new World();
        world.AddNode("n1");
        AddService(world);
        world.AddPod("a", "n1", Web, "10.0.0.1");
        world.Step<V1Service>("web");
        world.Api.Delete<V1Pod>("default", "a");
        world.Step<V1Service>("web");
        var conditions = world.Api.All<V1EndpointSlice>().Single().Endpoints.Single().Conditions;
        Assert.Equal((false, true, true), (conditions.Ready, conditions.Serving, conditions.Terminating));
        Assert.Null(world.Api.Find<V1Endpoints>("default", "web")!.Subsets);
        world.EndPod("a");
        world.Step<V1Service>("web");
        Assert.Empty(world.Api.All<V1EndpointSlice>().Single().Endpoints ?? []);
    }

    [Fact]
    public void Unready_addresses_are_published_when_asked_for()
    {
        var world = new World();
        AddService(world, s =>
        {
            s.Spec.ClusterIP = "None";
            s.Spec.PublishNotReadyAddresses = true;
        });
        world.AddPod("a", "n1", Web, "10.0.0.1", ready: false);
        world.Step<V1Service>("web");
        var slice = world.Api.All<V1EndpointSlice>().Single();
        Assert.Equal("", slice.Metadata.Labels["service.kubernetes.io/headless"]);
        Assert.True(slice.Endpoints.Single().Conditions.Ready);
        Assert.Equal("10.0.0.1", world.Api.Find<V1Endpoints>("default", "web")!.Subsets.Single().Addresses.Single().Ip);
    }

    [Fact]
    public void A_service_without_selector_gets_mirrored_slices()
    {
        var world = new World();
        AddService(world, s => s.Spec.Selector = null);
        world.Api.Seed(new V1Endpoints
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Subsets =
            [
                new V1EndpointSubset
                {
                    Addresses = [new V1EndpointAddress { Ip = "192.0.2.1" }],
                    Ports = [new Corev1EndpointPort { Port = 5432, Protocol = "TCP" }],
                },
            ],
        });
        world.Step<V1Service>("web");
        var slice = world.Api.All<V1EndpointSlice>().Single();
        Assert.Equal(
            "endpointslicemirroring-controller.k8s.io",
            slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"]);
        Assert.Equal("Endpoints", slice.Metadata.OwnerReferences.Single().Kind);
        Assert.Equal(
            ("192.0.2.1", 5432), (slice.Endpoints.Single().Addresses.Single(), slice.Ports.Single().Port!.Value));
    }

    [Fact]
    public async Task Slices_leave_out_pods_whose_node_is_not_there_and_are_tried_again()
    {
        var world = new World();
        world.AddNode("n1");
        AddService(world);
        world.AddPod("a", "n1", Web, "10.0.0.1");
        world.AddPod("b", "n2", Web, "10.0.0.2");
        Assert.Contains(
            "skipping Pod b for Service default/web: Node n2 Not Found",
            Assert.ThrowsAny<Exception>(() => world.Step<V1Service>("web")).ToString(),
            StringComparison.Ordinal);
        Assert.Equal(["10.0.0.1"], Addresses());

        // Upstream's Endpoints do not look at nodes.
        var subset = Assert.Single(world.Api.Find<V1Endpoints>("default", "web")!.Subsets);
        Assert.Equal(["10.0.0.1", "10.0.0.2"], subset.Addresses.Select(a => a.Ip));
        await world.Events.FlushAsync(CancellationToken.None);
        var told = Assert.Single(world.Api.All<Corev1Event>());
        Assert.Equal(
            (
                "Warning", "FailedToUpdateEndpointSlices",
                "Error updating Endpoint Slices for Service default/web: " +
                "skipping Pod b for Service default/web: Node n2 Not Found"),
            (told.Type, told.Reason, told.Message));

        world.AddNode("n2");
        world.Step<V1Service>("web");
        Assert.Equal(["10.0.0.1", "10.0.0.2"], Addresses());

        IEnumerable<string> Addresses() =>
            world.Api.All<V1EndpointSlice>().Single().Endpoints.SelectMany(e => e.Addresses).Order();
    }

    [Theory]
    [InlineData(
        "endpointslices", "Service", "FailedToUpdateEndpointSlices",
        "Error updating Endpoint Slices for Service default/web: " +
        "failed to create EndpointSlice for Service default/web: exceeded quota")]
    [InlineData(
        "endpoints", "Endpoints", "FailedToCreateEndpoint",
        "Failed to create endpoint for service default/web: exceeded quota")]
    public async Task What_is_refused_is_told_in_upstreams_words(
        string refused, string kind, string reason, string message)
    {
        var world = new World();
        world.AddNode("n1");
        AddService(world);
        world.AddPod("a", "n1", Web, "10.0.0.1");
        world.Api.BeforeWrite = w => w.Resource.Plural == refused
            ? new Status { Code = 403, Reason = StatusReasons.Forbidden, Message = "exceeded quota" }
            : null;
        Assert.ThrowsAny<Exception>(() => world.Step<V1Service>("web"));
        world.Api.BeforeWrite = null;
        await world.Events.FlushAsync(CancellationToken.None);
        var told = Assert.Single(world.Api.All<Corev1Event>());
        Assert.Equal(
            (kind, "Warning", reason, message), (told.InvolvedObject.Kind, told.Type, told.Reason, told.Message));
    }

    [Theory]
    [InlineData(
        "endpoints", StatusReasons.AlreadyExists,
        "FailedToCreateEndpoint Failed to create endpoint for service default/web: others were faster")]
    [InlineData(
        "endpoints", StatusReasons.Conflict,
        "FailedToCreateEndpoint Failed to create endpoint for service default/web: others were faster")]
    [InlineData("endpointslices", StatusReasons.AlreadyExists, null)]
    [InlineData(
        "endpointslices", StatusReasons.Conflict,
        "FailedToUpdateEndpointSlices Error updating Endpoint Slices for Service default/web: " +
        "failed to create EndpointSlice for Service default/web: others were faster")]
    public async Task A_lost_race_is_told_where_upstream_tells_it(string refused, string reason, string? told)
    {
        var world = new World();
        world.AddNode("n1");
        AddService(world);
        world.AddPod("a", "n1", Web, "10.0.0.1");
        world.Api.BeforeWrite = w => w.Resource.Plural == refused
            ? new Status { Code = 409, Reason = reason, Message = "others were faster" }
            : null;
        Assert.ThrowsAny<Exception>(() => world.Step<V1Service>("web"));
        world.Api.BeforeWrite = null;
        await world.Events.FlushAsync(CancellationToken.None);
        Assert.Equal(
            told is null ? [] : [told], world.Api.All<Corev1Event>().Select(e => $"{e.Reason} {e.Message}"));
    }

    [Fact]
    public void Endpoints_go_with_their_service()
    {
        var world = new World();
        AddService(world);
        world.Step<V1Service>("web");
        Assert.NotNull(world.Api.Find<V1Endpoints>("default", "web"));
        world.Api.Delete<V1Service>("default", "web");
        world.LoseActivations();
        world.Step<V1Service>("web");
        Assert.Null(world.Api.Find<V1Endpoints>("default", "web"));
    }

    [Fact]
    public void A_service_that_cannot_be_read_is_not_taken_for_gone()
    {
        var world = new World();
        AddService(world);
        world.Step<V1Service>("web");
        world.Api.BeforeRead = static (resource, _) => resource == ResourceOf<V1Service>.Name
            ? StatusErrors.InternalError("no key is there that decrypts it")
            : null;
        Assert.Throws<ReconcileException>(() => world.Step<V1Service>("web"));
        Assert.NotNull(world.Api.Find<V1Endpoints>("default", "web"));
    }

    /// <summary>As upstream: nothing new that the garbage collector would have to take away.</summary>
    [Fact]
    public void A_service_that_goes_slowly_keeps_its_slices_right_and_gets_no_new_ones()
    {
        var world = new World();
        world.AddNode("n1");
        AddService(world, s => s.Metadata.Finalizers = ["service.kubernetes.io/load-balancer-cleanup"]);
        world.AddPod("a", "n1", Web, "10.0.0.1");
        world.Step<V1Service>("web");
        world.Api.Delete<V1Service>("default", "web");
        world.AddPod("b", "n1", Web, "10.0.0.2");
        world.Step<V1Service>("web");
        var slice = Assert.Single(world.Api.All<V1EndpointSlice>());
        Assert.Equal(["10.0.0.1", "10.0.0.2"], slice.Endpoints.Select(e => e.Addresses[0]).Order());
        Assert.Equal(2, world.Api.Find<V1Endpoints>("default", "web")!.Subsets.Single().Addresses.Count);
        world.Api.Delete<V1EndpointSlice>("default", slice.Metadata.Name);
        world.Step<V1Service>("web");
        Assert.Empty(world.Api.All<V1EndpointSlice>());
    }

    [Fact]
    public async Task Hints_follow_the_zones_of_a_service_that_asks_for_them()
    {
        var world = new World();
        foreach (var (name, zone) in new[] { ("n1", "z1"), ("n2", "z2") })
        {
            world.AddNode(name, zone);
            world.Api.Change<V1Node>("", name, n => n.Status.Allocatable =
                new Dictionary<string, ResourceQuantity> { ["cpu"] = new("4") }, "status");
        }

        AddService(world, s => s.Metadata.Annotations = new Dictionary<string, string>
        {
            ["service.kubernetes.io/topology-mode"] = "Auto",
        });
        for (var i = 0; i < 4; i++)
        {
            world.AddPod($"p{i}", "n1", Web, $"10.0.0.{i}");
        }

        world.Step<V1Service>("web");
        Assert.Equal(["z1", "z1", "z2", "z2"], Hints(world));

        // Nobody writes, and nobody tells, what is known.
        var before = world.Api.Writes;
        world.Step<V1Service>("web");
        Assert.Equal(before, world.Api.Writes);

        world.Api.Change<V1Node>("", "n2", n => n.Status.Conditions[0].Status = "Unknown", "status");
        world.Step<V1Service>("web");
        world.Step<V1Service>("web");
        Assert.Empty(Hints(world));

        world.Api.Change<V1Node>("", "n2", n => n.Status.Conditions[0].Status = "True", "status");
        world.Step<V1Service>("web");
        Assert.Equal(4, Hints(world).Count);
        world.Api.Change<V1Service>("default", "web", s => s.Metadata.Annotations.Clear());
        world.Step<V1Service>("web");
        Assert.Empty(Hints(world));

        await world.Events.FlushAsync(CancellationToken.None);
        Assert.Equal(
            [
                ("Normal", "Enabled", "Topology Aware Hints has been enabled, addressType: IPv4", 2),
                (
                    "Warning", "Disabled",
                    "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, " +
                    "addressType: IPv4", 1),
                ("Warning", "Disabled", "Topology Aware Hints has been disabled, addressType: IPv4", 1),
            ],
            world.Api.All<Corev1Event>().Select(e => (
                e.Type, e.Reason.Replace("TopologyAwareHints", "", StringComparison.Ordinal), e.Message, e.Count ?? 0))
                .Order());
    }

    [Fact]
    public void A_topology_mode_goes_before_a_traffic_distribution()
    {
        var world = new World();
        world.AddNode("n1", "z1");
        AddService(world, s =>
        {
            s.Spec.TrafficDistribution = "PreferSameZone";
            s.Metadata.Annotations =
                new Dictionary<string, string> { ["service.kubernetes.io/topology-aware-hints"] = "auto" };
        });
        world.AddPod("a", "n1", Web, "10.0.0.1");
        world.Step<V1Service>("web");
        Assert.Empty(Hints(world));
        world.Api.Change<V1Service>("default", "web", s => s.Metadata.Annotations.Clear());
        world.Step<V1Service>("web");
        Assert.Equal(["z1"], Hints(world));
    }

    private static List<string> Hints(World world) =>
    [
        .. world.Api.All<V1EndpointSlice>().SelectMany(s => s.Endpoints)
            .SelectMany(e => e.Hints?.ForZones ?? []).Select(z => z.Name).Order(),
    ];

    private static void AddService(World world, Action<V1Service>? change = null)
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V1ServiceSpec
            {
                ClusterIP = "10.96.0.10",
                IpFamilies = ["IPv4"],
                Selector = new Dictionary<string, string>(Web),
                Ports = [new V1ServicePort { Name = "http", Port = 80, TargetPort = "http", Protocol = "TCP" }],
            },
        };
        change?.Invoke(service);
        world.Api.Seed(service);
    }
}
