using k8s.Models;
using OrleansOrchestrator.Grains.ApiRegistration.ApiServices;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// What this server serves is registered; versions of a definition come and go, somebody spoils and deletes what is
/// registered, and the server behind an API of its own comes and falls silent.
/// </summary>
internal sealed class ApiServicePlay : CrashPlay
{
    private const string Plural = "boats";
    private const string Group = "harbour.example.com";
    private const string Foreign = "v1.foreign.example.com";

    private readonly Dictionary<ObjectKey, ApiServiceReconciler> _known = [];
    private ApiServiceRegistrar _registrar = null!;

    protected override int Acts => 4;

    protected override void SetUp()
    {
        World.Api.Seed(new V1APIService
        {
            Metadata = new V1ObjectMeta { Name = Foreign },
            Spec = new V1APIServiceSpec
            {
                Group = "foreign.example.com", Version = "v1", GroupPriorityMinimum = 1, VersionPriority = 1,
                Service = new Apiregistrationv1ServiceReference
                {
                    Name = "port", NamespaceProperty = "default", Port = 443,
                },
            },
        });
        World.Api.Seed(new V1CustomResourceDefinition
        {
            Metadata = new V1ObjectMeta { Name = $"{Plural}.{Group}" },
            Spec = new V1CustomResourceDefinitionSpec
            {
                Group = Group, Scope = "Cluster",
                Names = new V1CustomResourceDefinitionNames { Kind = "Boat", Plural = Plural },
                Versions = [Version("v1", stored: true), Version("v2", stored: false)],
            },
        });
    }

    protected override void Change(int act)
    {
        switch (act)
        {
            case 1:
                Serve();
                World.Api.Change<V1APIService>("", $"v2.{Group}", static a => a.Spec.GroupPriorityMinimum = 7);
                World.Api.Delete<V1APIService>("", $"v1.{Group}");
                break;
            case 2:
                World.Apis.Failure = "bad status";
                World.Api.Change<V1CustomResourceDefinition>(
                    "", $"{Plural}.{Group}", static d => d.Spec.Versions[1].Served = false);
                break;
            case 3:
                World.Apis.Failure = null;
                World.Api.Delete<V1CustomResourceDefinition>("", $"{Plural}.{Group}");
                break;
        }
    }

    protected override void Step()
    {
        _registrar.ResyncAsync(default).GetAwaiter().GetResult();
        foreach (var key in World.Api.All<V1APIService>().Select(static a => a.Key()).ToList())
        {
            if (!_known.TryGetValue(key, out var reconciler))
            {
                _known[key] = reconciler = new ApiServiceReconciler(key, World.Services);
            }

            reconciler.ReconcileAsync(default).GetAwaiter().GetResult();
        }
    }

    protected override void LoseMemory()
    {
        _known.Clear();
        _registrar = new ApiServiceRegistrar(World.Services);
    }

    /// <summary>What others registered is theirs.</summary>
    protected override void Check() => Assert.NotNull(World.Api.Find<V1APIService>("", Foreign));

    private void Serve()
    {
        World.Api.Seed(new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "port", NamespaceProperty = "default" },
            Spec = new V1ServiceSpec
            {
                Type = "ClusterIP", Ports = [new V1ServicePort { Name = "https", Port = 443 }],
            },
        });
        World.Api.Seed(new V1EndpointSlice
        {
            Metadata = new V1ObjectMeta
            {
                Name = "port-a", NamespaceProperty = "default",
                Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "port" },
            },
            AddressType = "IPv4",
            Endpoints =
            [
                new V1Endpoint
                {
                    Addresses = ["10.0.0.1"], Conditions = new V1EndpointConditions { Ready = true },
                },
            ],
            Ports = [new Discoveryv1EndpointPort { Name = "https", Port = 6443 }],
        });
    }

    private static V1CustomResourceDefinitionVersion Version(string name, bool stored) =>
        new() { Name = name, Served = true, Storage = stored };
}
