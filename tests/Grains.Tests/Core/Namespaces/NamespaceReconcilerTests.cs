using System.Collections.Concurrent;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Namespaces;

public sealed class NamespaceReconcilerTests
{
    [Fact]
    public void A_namespace_is_furnished_and_repaired()
    {
        var world = Shop();
        world.Step<V1Namespace>("default");
        Assert.NotNull(world.Api.Find<V1ServiceAccount>("default", "default"));
        Assert.Equal("PEM", world.Api.Find<V1ConfigMap>("default", "kube-root-ca.crt")!.Data["ca.crt"]);
        var before = world.Api.Writes;
        world.Step<V1Namespace>("default");
        Assert.Equal(before, world.Api.Writes);
        world.Api.Change<V1ConfigMap>("default", "kube-root-ca.crt", c => c.Data["ca.crt"] = "forged");
        world.Api.Delete<V1ServiceAccount>("default", "default");
        world.Step<V1Namespace>("default");
        Assert.NotNull(world.Api.Find<V1ServiceAccount>("default", "default"));
        Assert.Equal("PEM", world.Api.Find<V1ConfigMap>("default", "kube-root-ca.crt")!.Data["ca.crt"]);
    }

    [Fact]
    public void The_note_on_the_authorities_is_repaired_and_what_others_added_stays()
    {
        const string name = "kube-root-ca.crt";
        var world = Shop();
        world.Step<V1Namespace>("default");
        var note = world.Api.Find<V1ConfigMap>("default", name)!.Metadata.Annotations.Single();
        world.Api.Change<V1ConfigMap>("default", name, c =>
        {
            c.Metadata.Annotations = new Dictionary<string, string> { ["mine"] = "yes" };
            c.Metadata.Labels = new Dictionary<string, string> { ["team"] = "a" };
        });
        world.Step<V1Namespace>("default");
        var repaired = world.Api.Find<V1ConfigMap>("default", name)!;
        Assert.Equal(note.Value, repaired.Metadata.Annotations[note.Key]);
        Assert.Equal("yes", repaired.Metadata.Annotations["mine"]);
        Assert.Equal("a", repaired.Metadata.Labels["team"]);
    }

    [Fact]
    public void What_other_servers_hold_goes_too()
    {
        var world = Shop();
        world.Apis.Discovered = new AggregatedDiscovery(["harbour.example.com/v1"], [Boats], []);
        var boats = new ConcurrentDictionary<string, bool> { ["a"] = true, ["b"] = true };
        world.Apis.Answer = request =>
        {
            if (request.Method == "DELETE")
            {
                Assert.StartsWith("/namespaces/default/boats/", request.Path, StringComparison.Ordinal);
                boats.TryRemove(request.Path.Split('/')[^1], out _);
            }

            var items = boats.Keys.Select(
                b => $$$"""{"metadata":{"name":"{{{b}}}","namespace":"default","uid":"{{{b}}}"} }""");
            return (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes($$"""{"items":[{{string.Join(',', items)}}]}""");
        };
        world.Api.Delete<V1Namespace>("", "default");
        for (var i = 0; i < 5; i++)
        {
            world.Step<V1Namespace>("default");
        }

        Assert.Empty(boats);
        Assert.Null(world.Api.Find<V1Namespace>("", "default"));
    }

    [Fact]
    public void A_server_that_does_not_answer_holds_up_nothing_but_the_end()
    {
        var world = Shop();
        world.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default" },
        });
        world.Apis.Discovered = new AggregatedDiscovery(
            ["harbour.example.com/v1"], [Boats], ["harbour.example.com/v1"]);
        world.Apis.Answer = static _ => new Status { Code = 503, Reason = "", Message = "away" };
        world.Api.Delete<V1Namespace>("", "default");
        for (var i = 0; i < 5; i++)
        {
            world.Step<V1Namespace>("default");
        }

        Assert.Null(world.Api.Find<V1ConfigMap>("default", "c"));
        var conditions = world.Api.Find<V1Namespace>("", "default")!.Status.Conditions
            .Where(c => c.Status == "True").ToDictionary(c => c.Type);
        Assert.Equal(
            (
                "DiscoveryFailed",
                "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
                + "harbour.example.com/v1: stale GroupVersion discovery: harbour.example.com/v1"),
            (
                conditions["NamespaceDeletionDiscoveryFailure"].Reason,
                conditions["NamespaceDeletionDiscoveryFailure"].Message));
        Assert.Equal(
            "Failed to delete all resource types, 1 remaining: away",
            conditions["NamespaceDeletionContentFailure"].Message);

        world.Apis.Discovered = AggregatedDiscovery.Nothing;
        world.Step<V1Namespace>("default");
        Assert.Null(world.Api.Find<V1Namespace>("", "default"));
    }

    private static AggregatedResource Boats =>
        new(new ResourceName("harbour.example.com", "boats"), "v1", "Boat", IsNamespaced: true)
        {
            Verbs = ["list", "delete"],
        };

    [Fact]
    public void Pods_with_a_grace_without_end_are_not_overdue()
    {
        var world = Shop();
        world.Step<V1Namespace>("default");
        world.AddPod("a", "n1");
        world.Api.Change<V1Pod>("default", "a", static p => p.Spec.TerminationGracePeriodSeconds = long.MaxValue);
        world.Api.Delete<V1Namespace>("", "default");
        world.Step<V1Namespace>("default");
        world.Time.Advance(TimeSpan.FromDays(1));
        world.Step<V1Namespace>("default");
        var conditions = world.Api.Find<V1Namespace>("", "default")!.Status.Conditions;
        Assert.All(conditions, static c => Assert.Equal("False", c.Status));
    }

    [Fact]
    public void Pods_go_first_and_the_rest_after_them()
    {
        var world = Shop();
        world.Step<V1Namespace>("default");
        world.AddPod("a", "n1");
        world.AddPod("b", "n1");
        world.Api.Change<V1Pod>("default", "a", static p => p.Spec.TerminationGracePeriodSeconds = 30);
        world.Api.Delete<V1Namespace>("", "default");
        var deleted = new List<ResourceName>();
        world.Api.AfterWrite = w => deleted.Add(w.Resource);

        var result = world.Step<V1Namespace>("default");
        Assert.NotNull(result.After);
        Assert.All(world.Api.All<V1Pod>(), p => Assert.NotNull(p.Metadata.DeletionTimestamp));
        Assert.NotNull(world.Api.Find<V1ServiceAccount>("default", "default"));
        var conditions = world.Api.Find<V1Namespace>("", "default")!.Status.Conditions;
        Assert.All(conditions, static c => Assert.Equal("False", c.Status));

        world.Time.Advance(TimeSpan.FromSeconds(31));
        world.Step<V1Namespace>("default");
        var failure = world.Api.Find<V1Namespace>("", "default")!.Status.Conditions.Single(static c =>
            c.Status == "True");
        Assert.Equal(
            ("NamespaceDeletionContentFailure",
                "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: default for gvr: /v1, Resource=pods"),
            (failure.Type, failure.Message));

        world.EndPod("a");
        world.EndPod("b");
        for (var i = 0; i < 5; i++)
        {
            world.Step<V1Namespace>("default");
        }

        Assert.Null(world.Api.Find<V1Namespace>("", "default"));
        Assert.Empty(world.Api.All<V1ConfigMap>("default"));
        Assert.True(deleted.LastIndexOf(WellKnown.Pods) < deleted.IndexOf(WellKnown.ConfigMaps));
    }

    [Fact]
    public void Finalizers_hold_a_namespace_and_are_named()
    {
        var world = Shop();
        world.Api.Seed(new V1ConfigMap
        {
            Metadata =
                new V1ObjectMeta { Name = "held", NamespaceProperty = "default", Finalizers = ["example.com/wait"] },
        });
        world.Api.Delete<V1Namespace>("", "default");
        world.Step<V1Namespace>("default");
        world.Step<V1Namespace>("default");
        var condition = world.Api.Find<V1Namespace>("", "default")!.Status.Conditions.Single(
            c => c.Type == "NamespaceFinalizersRemaining");
        Assert.Equal(
            ("SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances"),
            (condition.Reason, condition.Message));
        world.Api.Change<V1ConfigMap>("default", "held", c => c.Metadata.Finalizers = null);
        world.Step<V1Namespace>("default");
        Assert.Null(world.Api.Find<V1Namespace>("", "default"));
    }

    private static World Shop()
    {
        var world = new World();
        world.Api.Seed(new V1Namespace
        {
            Metadata = new V1ObjectMeta { Name = "default" },
            Spec = new V1NamespaceSpec { Finalizers = ["kubernetes"] },
        });
        return world;
    }
}
