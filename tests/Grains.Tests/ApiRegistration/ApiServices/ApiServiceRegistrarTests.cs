using k8s.Models;
using OrleansOrchestrator.Grains.ApiRegistration.ApiServices;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.ApiRegistration.ApiServices;

public sealed class ApiServiceRegistrarTests
{
    private readonly World _world = new();

    [Fact]
    public async Task Every_group_version_of_the_servers_own_is_registered_with_upstreams_priorities()
    {
        await StartAsync();
        Assert.Equal(
            [
                "v1.", "v1.admissionregistration.k8s.io", "v1.apiextensions.k8s.io", "v1.apps",
                "v1.authentication.k8s.io", "v1.authorization.k8s.io", "v1.autoscaling", "v1.batch",
                "v1.certificates.k8s.io", "v1.coordination.k8s.io", "v1.discovery.k8s.io", "v1.events.k8s.io",
                "v1.flowcontrol.apiserver.k8s.io", "v1.networking.k8s.io", "v1.node.k8s.io", "v1.policy",
                "v1.rbac.authorization.k8s.io", "v1.resource.k8s.io", "v1.scheduling.k8s.io", "v1.storage.k8s.io",
                "v1beta1.metrics.k8s.io", "v2.autoscaling",
            ],
            Names());
        var apps = Find("v1.apps");
        Assert.Equal("onstart", apps.Metadata.Labels["kube-aggregator.kubernetes.io/automanaged"]);
        Assert.Equal((17800, 15), (apps.Spec.GroupPriorityMinimum, apps.Spec.VersionPriority));
        var second = Find("v2.autoscaling").Spec;
        Assert.Equal((17500, 30), (second.GroupPriorityMinimum, second.VersionPriority));
        Assert.Equal(18000, Find("v1.").Spec.GroupPriorityMinimum);
        var writes = _world.Api.Writes;
        await StartAsync();
        await ResyncAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    [Fact]
    public async Task Groups_of_definitions_come_and_go_with_their_served_versions()
    {
        Define("boats", ("v1", true), ("v2", true), ("v3", false));
        Define("ships", ("v1", true));
        await ResyncAsync();
        Assert.Equal(["v1.harbour.example.com", "v2.harbour.example.com"], Names());
        var item = Find("v2.harbour.example.com");
        Assert.Equal("true", item.Metadata.Labels["kube-aggregator.kubernetes.io/automanaged"]);
        Assert.Equal((1000, 100), (item.Spec.GroupPriorityMinimum, item.Spec.VersionPriority));

        _world.Api.Delete<V1CustomResourceDefinition>("", "boats.harbour.example.com");
        await ResyncAsync();
        Assert.Equal(["v1.harbour.example.com"], Names());

        _world.Api.Delete<V1APIService>("", "v1.harbour.example.com");
        await ResyncAsync();
        Assert.Equal(["v1.harbour.example.com"], Names());
    }

    [Fact]
    public async Task What_others_changed_is_mended_and_what_is_theirs_is_left()
    {
        Define("boats", ("v1", true), ("v2", true));
        await StartAsync();
        _world.Api.Change<V1APIService>("", "v1.harbour.example.com", a => a.Spec.VersionPriority = 7);
        _world.Api.Change<V1APIService>("", "v2.harbour.example.com", a =>
        {
            a.Spec.VersionPriority = 7;
            a.Metadata.Labels.Clear();
        });
        _world.Api.Change<V1APIService>("", "v1.apps", a => a.Spec.VersionPriority = 7);
        _world.Api.Delete<V1APIService>("", "v1.batch");
        await ResyncAsync();
        Assert.Equal(100, Find("v1.harbour.example.com").Spec.VersionPriority);
        Assert.Equal(7, Find("v2.harbour.example.com").Spec.VersionPriority);
        Assert.Equal(7, Find("v1.apps").Spec.VersionPriority);
        Assert.DoesNotContain("v1.batch", Names());

        // What is built in is seen to when the server starts.
        await StartAsync();
        Assert.Equal(15, Find("v1.apps").Spec.VersionPriority);
        Assert.Contains("v1.batch", Names());
    }

    [Fact]
    public async Task A_metrics_server_of_ones_own_stays()
    {
        _world.Api.Seed(new V1APIService
        {
            Metadata = new V1ObjectMeta { Name = "v1beta1.metrics.k8s.io" },
            Spec = new V1APIServiceSpec
            {
                Group = "metrics.k8s.io", Version = "v1beta1", GroupPriorityMinimum = 100, VersionPriority = 100,
                Service = new Apiregistrationv1ServiceReference { Name = "metrics", NamespaceProperty = "mine" },
            },
        });
        await StartAsync();
        Assert.Equal("mine", Find("v1beta1.metrics.k8s.io").Spec.Service.NamespaceProperty);
    }

    private Task StartAsync() => new ApiServiceRegistrar(_world.Services).StartAsync(default);

    private Task ResyncAsync() => new ApiServiceRegistrar(_world.Services).ResyncAsync(default);

    private IEnumerable<string> Names() =>
        _world.Api.All<V1APIService>().Select(a => a.Metadata.Name).Order(StringComparer.Ordinal);

    private V1APIService Find(string name) => _world.Api.Find<V1APIService>("", name)!;

    private void Define(string plural, params (string Name, bool Served)[] versions) =>
        _world.Api.Seed(new V1CustomResourceDefinition
        {
            Metadata = new V1ObjectMeta { Name = $"{plural}.harbour.example.com" },
            Spec = new V1CustomResourceDefinitionSpec
            {
                Group = "harbour.example.com", Scope = "Cluster",
                Names = new V1CustomResourceDefinitionNames { Kind = plural, Plural = plural },
                Versions =
                [
                    .. versions.Select(v => new V1CustomResourceDefinitionVersion
                    {
                        Name = v.Name, Served = v.Served, Storage = v.Name == "v1",
                    }),
                ],
            },
        });
}
