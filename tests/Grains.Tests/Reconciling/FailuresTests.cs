using k8s.Models;
using OrleansOrchestrator.Grains.AdmissionRegistration;
using OrleansOrchestrator.Grains.ApiRegistration.ApiServices;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.Grains.Core.Events;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Core.PodCollection;
using OrleansOrchestrator.Grains.DynamicResources.Taints;
using OrleansOrchestrator.Grains.FlowControl;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// What a policy or a webhook refuses for one object is no reason to leave the others, whichever controller it is.
/// </summary>
public sealed class FailuresTests
{
    private const string Refused = "a";
    private const string Other = "b";

    private readonly World _world = new();

    /// <summary>What a write of the refused object, or of what is made for it, begins with.</summary>
    private string _refused = Refused;

    public static TheoryData<string> Controllers =>
    [
        NodeLifecycleController.Name, TaintEvictionController.Name, DeviceTaintEvictionController.Name,
        PodCollectionController.Name, OrphanedJobPodController.Name, StaleDisruptionController.Name,
        FlowSchemaController.Name, PolicyStatusController.Name, ApiServiceRegistrar.Name, IpAddressController.Name,
        EventExpiryController.Name,
    ];

    [Theory]
    [MemberData(nameof(Controllers))]
    public async Task A_refusal_of_one_object_keeps_no_other_waiting(string name)
    {
        var (controller, isDone) = await PrepareAsync(name);
        _world.Api.BeforeWrite = Refuse;
        await Assert.ThrowsAsync<ReconcileException>(() => controller.ResyncAsync(default));
        Assert.False(isDone(Refused));
        Assert.True(isDone(Other));
    }

    [Fact]
    public async Task An_outage_ends_the_pass()
    {
        var (controller, isDone) = await PrepareAsync(TaintEvictionController.Name);
        var tries = 0;
        _world.Api.BeforeWrite = _ =>
        {
            tries++;
            return StatusErrors.ServiceUnavailable("the store is away");
        };
        var failure = await Assert.ThrowsAsync<ReconcileException>(() => controller.ResyncAsync(default));
        Assert.True(failure.IsOutage);
        Assert.Equal(1, tries);
        Assert.False(isDone(Other));
    }

    [Fact]
    public async Task All_failures_of_a_pass_are_one()
    {
        var failures = new Failures();
        failures.ThrowIfAny();
        foreach (var name in (string[])["a", "b", "c"])
        {
            await failures.TryAsync(() => throw new ReconcileException($"{name} is refused"));
        }

        var failure = Assert.Throws<ReconcileException>(failures.ThrowIfAny);
        Assert.Equal("a is refused (and 2 more failures)", failure.Message);
    }

    private Status? Refuse(FakeWrite write) => write.Key.Name == _refused
        ? StatusErrors.Forbidden(write.Resource, Refused, "a policy says so")
        : null;

    private async Task<(IController Controller, Func<string, bool> IsDone)> PrepareAsync(string name)
    {
        switch (name)
        {
            case NodeLifecycleController.Name:
                return (await SilenceAsync(), n => ReadyOf(n) == "Unknown");
            case TaintEvictionController.Name:
                _world.AddNode("n1");
                AddPods();
                _world.Api.Change<V1Node>(
                    "", "n1", n => n.Spec.Taints = [new V1Taint { Key = "k", Effect = "NoExecute" }]);
                return (new TaintEvictionController(_world.Services), IsDeleted);
            case DeviceTaintEvictionController.Name:
                SeedDevices();
                return (new DeviceTaintEvictionController(_world.Services), IsDeleted);
            case PodCollectionController.Name:
                AddPods();
                var collection = new PodCollectionController(_world.Services);
                await collection.ResyncAsync(default);
                _world.Time.Advance(PodCollectionController.Quarantine);
                return (collection, p => Find(p) is null);
            case OrphanedJobPodController.Name:
                AddPods(p => p.Metadata.Finalizers = [JobTracking.Finalizer, "example.com/keep"]);
                return (
                    new OrphanedJobPodController(_world.Services),
                    p => !Find(p)!.Metadata.Finalizers.Contains(JobTracking.Finalizer));
            case FlowSchemaController.Name:
                Both(n => _world.Api.Seed(new V1FlowSchema { Metadata = new() { Name = n }, Spec = new() }));
                return (
                    new FlowSchemaController(_world.Services),
                    n => _world.Api.Find<V1FlowSchema>("", n)!.Status?.Conditions is { Count: 1 });
            case PolicyStatusController.Name:
                Both(n => _world.Api.Seed(new V1ValidatingAdmissionPolicy
                {
                    Metadata = new() { Name = n },
                    Spec = new() { MatchConstraints = new() { ResourceRules = [] }, Validations = [] },
                }));
                return (
                    new PolicyStatusController(_world.Services),
                    n => _world.Api.Find<V1ValidatingAdmissionPolicy>("", n)!.Status?.TypeChecking is not null);
            case ApiServiceRegistrar.Name:
                _refused = ApiOf(Refused);
                Both(Define);
                return (
                    new ApiServiceRegistrar(_world.Services),
                    n => _world.Api.Find<V1APIService>("", ApiOf(n)) is not null);
            case IpAddressController.Name:
                _refused = AddressOf(Refused);
                Both(n => _world.Api.Seed(new V1Service
                {
                    Metadata = new() { Name = n, NamespaceProperty = "default" },
                    Spec = new() { ClusterIP = AddressOf(n), ClusterIPs = [AddressOf(n)], IpFamilies = ["IPv4"] },
                }));
                return (
                    new IpAddressController(_world.Services),
                    n => _world.Api.Find<V1IPAddress>("", AddressOf(n)) is not null);
            case EventExpiryController.Name:
                Both(n => _world.Api.Seed(new Corev1Event
                {
                    Metadata = new() { Name = n, NamespaceProperty = "default" },
                }));
                _world.Time.Advance(_world.Services.Options.EventLife);
                return (
                    new EventExpiryController(_world.Services),
                    n => _world.Api.Find<Corev1Event>("default", n) is null);
            default:
                AddPods();
                Announce();
                _world.Time.Advance(StaleDisruptionController.Timeout + TimeSpan.FromSeconds(1));
                return (
                    new StaleDisruptionController(_world.Services),
                    p => Find(p)!.Status.Conditions.Single(c => c.Type == "DisruptionTarget").Status == "False");
        }
    }

    private static void Both(Action<string> seed) => Array.ForEach([Refused, Other], seed);

    private static string ApiOf(string name) => $"v1.{name}.example.com";

    private static string AddressOf(string name) => name == Refused ? "10.96.0.1" : "10.96.0.2";

    private void Define(string name) => _world.Api.Seed(new V1CustomResourceDefinition
    {
        Metadata = new() { Name = $"boats.{name}.example.com" },
        Spec = new()
        {
            Group = $"{name}.example.com", Scope = "Cluster", Names = new() { Kind = "Boat", Plural = "boats" },
            Versions = [new() { Name = "v1", Served = true, Storage = true }],
        },
    });

    /// <summary>Two nodes are silent for long enough from now on; a third is not.</summary>
    private async Task<IController> SilenceAsync()
    {
        _world.AddNode(Refused);
        _world.AddNode(Other);
        _world.AddNode("c");
        var controller = new NodeLifecycleController(_world.Services);
        await controller.ResyncAsync(default);
        for (var i = 0; i < 9; i++)
        {
            _world.Time.Advance(TimeSpan.FromSeconds(5));
            _world.Renew("c");
            await controller.ResyncAsync(default);
        }

        _world.Time.Advance(TimeSpan.FromSeconds(6));
        _world.Renew("c");
        return controller;
    }

    private string ReadyOf(string node) =>
        _world.Api.Find<V1Node>("", node)!.Status.Conditions.Single(c => c.Type == "Ready").Status;

    private void AddPods(Action<V1Pod>? change = null)
    {
        foreach (var name in (string[])[Refused, Other])
        {
            _world.AddPod(name, "n1");
            if (change is not null)
            {
                _world.Api.Change("default", name, change);
            }
        }
    }

    private void Announce()
    {
        foreach (var name in (string[])[Refused, Other])
        {
            var condition = new V1PodCondition
            {
                Type = "DisruptionTarget", Status = "True", Reason = "EvictionByEvictionAPI", Message = "why",
                LastTransitionTime = _world.Time.GetUtcNow().UtcDateTime,
            };
            _world.Api.Change<V1Pod>("default", name, p => p.Status.Conditions = [condition], "status");
        }
    }

    /// <summary>Each pod has a device of its own, and both devices are broken.</summary>
    private void SeedDevices()
    {
        AddPods();
        var devices = new List<V1Device>();
        foreach (var name in (string[])[Refused, Other])
        {
            var claim = DeviceWorld.Claim(name, DeviceWorld.Request("x"));
            var result = new V1DeviceRequestAllocationResult
            {
                Request = "x", Driver = DeviceWorld.Driver, Pool = "p", Device = name,
            };
            claim.Status = new V1ResourceClaimStatus
            {
                Allocation = new V1AllocationResult
                {
                    Devices = new V1DeviceAllocationResult { Results = [result] },
                },
                ReservedFor =
                [
                    new V1ResourceClaimConsumerReference
                    {
                        Resource = "pods", Name = name, Uid = Find(name)!.Metadata.Uid,
                    },
                ],
            };
            _world.Api.Seed(claim);
            var taint = new V1DeviceTaint
            {
                Key = "broken", Effect = "NoExecute", TimeAdded = _world.Time.GetUtcNow().UtcDateTime,
            };
            devices.Add(new V1Device { Name = name, Taints = [taint] });
        }

        _world.Api.Seed(new DeviceWorld().AddSlice(
            "s", s => (s.Pool.Name, s.NodeName, s.Devices) = ("p", "n1", devices)));
    }

    private V1Pod? Find(string pod) => _world.Api.Find<V1Pod>("default", pod);

    private bool IsDeleted(string pod) => Find(pod)!.Metadata.DeletionTimestamp is not null;
}
