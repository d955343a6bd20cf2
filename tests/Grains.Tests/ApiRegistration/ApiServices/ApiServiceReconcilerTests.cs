using k8s.Models;
using OrleansOrchestrator.Grains.ApiRegistration.ApiServices;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.ApiRegistration.ApiServices;

/// <summary>Each step from nothing to a server that answers, in upstream's words.</summary>
public sealed class ApiServiceReconcilerTests
{
    private const string Name = "v1.harbour.example.com";

    private readonly World _world = new();

    [Fact]
    public async Task A_local_one_is_always_available()
    {
        Register(null);
        Assert.Null((await StepAsync()).After);
        Assert.Equal(("True", "Local", "Local APIServices are always available"), Condition());
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    [Fact]
    public async Task Each_thing_that_is_missing_is_named()
    {
        Register(new Apiregistrationv1ServiceReference { Name = "port", NamespaceProperty = "space", Port = 443 });
        await StepAsync();
        Assert.Equal(("False", "ServiceNotFound", "service/port in \"space\" is not present"), Condition());

        Serve(8443);
        await StepAsync();
        Assert.Equal(
            ("False", "ServicePortError", "service/port in \"space\" is not listening on port 443"), Condition());

        _world.Api.Change<V1Service>("space", "port", s => s.Spec.Ports[0].Port = 443);
        await StepAsync();
        Assert.Equal(
            ("False", "EndpointsNotFound", "cannot find endpointslices for service/port in \"space\""), Condition());

        Slice("port-a", ready: false);
        await StepAsync();
        Assert.Equal(
            (
                "False", "MissingEndpoints",
                "endpointslices for service/port in \"space\" have no addresses with port name \"https\""),
            Condition());
        Assert.Empty(_world.Apis.Asked);

        Slice("port-b", ready: true);
        _world.Apis.Failure = "bad status";
        var result = await StepAsync();
        Assert.Equal(("False", "FailedDiscoveryCheck", "bad status"), Condition());
        Assert.True(result.After < TimeSpan.FromSeconds(30), "a failure is looked at soon");
        Assert.Equal(
            new AggregatedApi("harbour.example.com", "v1", new ObjectKey("space", "port"), 443),
            Assert.Single(_world.Apis.Asked));

        var before = Find().Status.Conditions[0].LastTransitionTime;
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        _world.Apis.Failure = null;
        result = await StepAsync();
        Assert.Equal(("True", "Passed", "all checks passed"), Condition());
        Assert.Equal(TimeSpan.FromSeconds(30), result.After);
        Assert.NotEqual(before, Find().Status.Conditions[0].LastTransitionTime);
    }

    [Fact]
    public async Task A_service_that_cannot_be_read_is_not_called_missing()
    {
        Register(new Apiregistrationv1ServiceReference { Name = "port", NamespaceProperty = "space", Port = 443 });
        _world.Api.BeforeRead = static (resource, _) => resource == ResourceOf<V1Service>.Name
            ? StatusErrors.ServiceUnavailable("no store")
            : null;
        await Assert.ThrowsAsync<ReconcileException>(StepAsync);
        Assert.Null(Find().Status?.Conditions);
    }

    [Fact]
    public async Task Failures_are_looked_at_less_and_less_often()
    {
        Register(new Apiregistrationv1ServiceReference { Name = "port", NamespaceProperty = "space", Port = 443 });
        Serve(443);
        Slice("port-b", ready: true);
        _world.Apis.Failure = "no";
        var reconciler = new ApiServiceReconciler(new ObjectKey("", Name), _world.Services);
        var pauses = new List<TimeSpan>();
        for (var i = 0; i < 8; i++)
        {
            pauses.Add((await reconciler.ReconcileAsync(default)).After!.Value);
        }

        Assert.Equal(pauses.Order(), pauses);
        Assert.Equal(TimeSpan.FromSeconds(30), pauses[^1]);
        _world.Apis.Failure = null;
        await reconciler.ReconcileAsync(default);
        _world.Apis.Failure = "no";
        Assert.Equal(pauses[0], (await reconciler.ReconcileAsync(default)).After);
    }

    private Task<Grains.Kernel.ReconcileResult> StepAsync() =>
        new ApiServiceReconciler(new ObjectKey("", Name), _world.Services).ReconcileAsync(default);

    private V1APIService Find() => _world.Api.Find<V1APIService>("", Name)!;

    private (string, string, string) Condition()
    {
        var condition = Assert.Single(Find().Status.Conditions);
        Assert.Equal("Available", condition.Type);
        return (condition.Status, condition.Reason, condition.Message);
    }

    private void Register(Apiregistrationv1ServiceReference? service) => _world.Api.Seed(new V1APIService
    {
        Metadata = new V1ObjectMeta { Name = Name },
        Spec = new V1APIServiceSpec
        {
            Group = "harbour.example.com", Version = "v1", GroupPriorityMinimum = 1, VersionPriority = 1,
            Service = service,
        },
    });

    private void Serve(int port) => _world.Api.Seed(new V1Service
    {
        Metadata = new V1ObjectMeta { Name = "port", NamespaceProperty = "space" },
        Spec = new V1ServiceSpec
        {
            Type = "ClusterIP", Ports = [new V1ServicePort { Name = "https", Port = port }],
        },
    });

    private void Slice(string name, bool ready) => _world.Api.Seed(new V1EndpointSlice
    {
        Metadata = new V1ObjectMeta
        {
            Name = name, NamespaceProperty = "space",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "port" },
        },
        AddressType = "IPv4",
        Endpoints =
        [
            new V1Endpoint
            {
                Addresses = ["10.0.0.1"], Conditions = new V1EndpointConditions { Ready = ready },
            },
        ],
        Ports = [new Discoveryv1EndpointPort { Name = "https", Port = 6443 }],
    });
}
