using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Discovery;

/// <summary>Slices and Endpoints say when what they show happened, as upstream's controllers have it.</summary>
public sealed class TriggerTimesTests
{
    private const string Annotation = "endpoints.kubernetes.io/last-change-trigger-time";
    private static readonly Dictionary<string, string> Web = new() { ["app"] = "web" };
    private static readonly DateTime Made = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly World _world = new();

    public TriggerTimesTests()
    {
        _world.AddNode("n1");
        AddService(Made);
        AddPod("a", "10.0.0.1", Made.AddSeconds(30));
    }

    [Fact]
    public void The_first_says_when_the_Service_was_made_and_later_ones_the_earliest_change()
    {
        Expect("2026-01-01T00:00:00Z");
        AddPod("b", "10.0.0.2", Made.AddSeconds(50));
        AddPod("c", "10.0.0.3", Made.AddSeconds(40));
        Expect("2026-01-01T00:00:40Z");

        _world.Api.Change<V1Pod>("default", "c", p =>
        {
            p.Status.Conditions[0].Status = "False";
            p.Status.Conditions[0].LastTransitionTime = Made.AddSeconds(60);
        }, "status");
        Expect("2026-01-01T00:01:00Z");
    }

    /// <summary>A pod that goes is told without a time, and nobody writes for a time alone.</summary>
    [Fact]
    public void What_has_no_time_of_its_own_takes_the_old_one_away()
    {
        AddPod("b", "10.0.0.2", Made.AddSeconds(50));
        Expect("2026-01-01T00:00:00Z");
        var before = _world.Api.Writes;
        _world.Api.Change<V1Pod>(
            "default", "a", p => p.Status.Conditions[0].LastTransitionTime = Made.AddSeconds(70), "status");
        _world.Step<V1Service>("web");
        Assert.Equal(before + 1, _world.Api.Writes);
        _world.Api.Delete<V1Pod>("default", "b");
        _world.EndPod("b");
        Expect(null);
    }

    [Fact]
    public void Another_Service_of_the_same_name_begins_anew()
    {
        Expect("2026-01-01T00:00:00Z");
        _world.Api.Delete<V1Service>("default", "web");
        _world.Step<V1Service>("web");
        foreach (var slice in _world.Api.All<V1EndpointSlice>())
        {
            _world.Api.Delete<V1EndpointSlice>("default", slice.Metadata.Name);
        }

        AddService(Made.AddDays(1));
        Expect("2026-01-02T00:00:00Z");
    }

    private void Expect(string? at)
    {
        _world.Step<V1Service>("web");
        Assert.Equal(at, Assert.Single(_world.Api.All<V1EndpointSlice>()).GetAnnotation(Annotation));
        Assert.Equal(at, _world.Api.Find<V1Endpoints>("default", "web")!.GetAnnotation(Annotation));
    }

    private void AddPod(string name, string ip, DateTime readySince)
    {
        _world.AddPod(name, "n1", Web, ip);
        _world.Api.Change<V1Pod>(
            "default", name, p => p.Status.Conditions[0].LastTransitionTime = readySince, "status");
    }

    private void AddService(DateTime made) => _world.Api.Seed(new V1Service
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", CreationTimestamp = made },
        Spec = new V1ServiceSpec
        {
            ClusterIP = "10.96.0.10",
            IpFamilies = ["IPv4"],
            Selector = new Dictionary<string, string>(Web),
            Ports = [new V1ServicePort { Name = "http", Port = 80, TargetPort = "http", Protocol = "TCP" }],
        },
    });
}
