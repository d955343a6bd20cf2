using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Policy.PodDisruptionBudgets;

public sealed class PodDisruptionBudgetReconcilerTests
{
    private readonly World _world = new();

    [Theory]
    [InlineData("2", null, 4, 2, 0)]
    [InlineData("1", null, 4, 1, 1)]
    [InlineData("0", null, 4, 0, 2)]
    [InlineData("50%", null, 4, 2, 0)]
    [InlineData("26%", null, 4, 2, 0)]
    [InlineData("0%", null, 4, 0, 2)]
    [InlineData(null, "3", 4, 1, 1)]
    [InlineData(null, "9", 4, 0, 2)]
    [InlineData(null, "100%", 4, 0, 2)]
    [InlineData(null, "51%", 4, 1, 1)]
    [InlineData(null, null, 0, 0, 0)]
    public async Task Two_of_four_pods_are_healthy(string? least, string? most, int expected, int desired, int allowed)
    {
        AddPods(ready: 2, of: 4);
        AddBudget("b", least, most);
        await StepAsync();
        var status = Budget().Status;
        Assert.Equal((expected, desired, 2, allowed), Numbers(status));
        Assert.Equal(1, status.ObservedGeneration);
        var condition = Assert.Single(status.Conditions);
        Assert.Equal(
            ("DisruptionAllowed", allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods", ""),
            (condition.Type, condition.Status, condition.Reason, condition.Message));
    }

    [Fact]
    public void What_is_counted_agrees_with_a_naive_count()
    {
        var pods = Gen.Bool.Array[0, 12];
        Gen.Select(pods, Gen.Int[0, 14], Gen.Bool, Gen.Bool).Check((ready, amount, isShare, isLeast) =>
        {
            var world = new World();
            var set = world.AddReplicaSet("web", ready.Length);
            for (var i = 0; i < ready.Length; i++)
            {
                world.Api.Seed(Pod($"p{i}", ready[i], set.Metadata.Uid));
            }

            var value = isShare ? $"{amount * 7}%" : $"{amount}";
            world.Api.Seed(NewBudget("b", isLeast ? value : null, isLeast ? null : value));
            new PodDisruptionBudgetReconciler(new ObjectKey("default", "b"), world.Services)
                .ReconcileAsync(default).GetAwaiter().GetResult();
            var asked = isShare ? ((amount * 7 * ready.Length) + 99) / 100 : amount;
            var desired = isLeast ? asked : Math.Max(0, ready.Length - asked);
            var healthy = ready.Count(r => r);
            var allowed = ready.Length == 0 ? 0 : Math.Max(0, healthy - desired);
            return Numbers(world.Api.Find<V1PodDisruptionBudget>("default", "b")!.Status)
                == (ready.Length, desired, healthy, allowed);
        });
    }

    /// <summary>
    /// Else the size of a ReplicaSet would be taken for that of its Deployment, and evictions be allowed.
    /// </summary>
    [Fact]
    public async Task Controllers_that_cannot_be_read_are_not_taken_for_gone()
    {
        AddPods(ready: 2, of: 4);
        AddBudget("b", null, "3");
        _world.Api.BeforeRead = static (resource, _) => resource == WellKnown.ReplicaSets
            ? StatusErrors.ServiceUnavailable("no store")
            : null;
        await Assert.ThrowsAsync<ReconcileException>(() => StepAsync());
        _world.Api.BeforeRead = null;
        await StepAsync();
        Assert.Equal((4, 1, 2, 1), Numbers(Budget().Status));
    }

    [Fact]
    public async Task A_budget_that_is_right_is_not_written_again()
    {
        AddPods(ready: 1, of: 1);
        AddBudget("b", "1", null);
        var reconciler = await StepAsync();
        var writes = _world.Api.Writes;
        await reconciler.ReconcileAsync(default);
        Assert.Equal(writes, _world.Api.Writes);
    }

    [Fact]
    public async Task A_granted_eviction_is_believed_for_two_minutes()
    {
        AddPods(ready: 3, of: 3);
        AddBudget("b", "1", null);
        var reconciler = await StepAsync();
        var now = _world.Time.GetUtcNow().UtcDateTime;
        _world.Api.Change<V1PodDisruptionBudget>("default", "b", b => b.Status.DisruptedPods =
            new Dictionary<string, DateTime?> { ["p0"] = now, ["gone"] = now }, "status");
        var result = await reconciler.ReconcileAsync(default);
        Assert.Equal((3, 1, 2, 1), Numbers(Budget().Status));
        Assert.Equal(["p0"], Budget().Status.DisruptedPods.Keys);
        Assert.InRange(result.After!.Value, TimeSpan.FromSeconds(119), TimeSpan.FromMinutes(2));

        // Its own write wakes it; from then on only time passes.
        await reconciler.ReconcileAsync(default);
        _world.Time.Advance(TimeSpan.FromSeconds(122));
        await reconciler.ReconcileAsync(default);
        Assert.Equal((3, 1, 3, 2), Numbers(Budget().Status));
        Assert.Contains(
            "Warning NotDeleted Pod was expected by PDB default/default to be deleted but it wasn't",
            await EventsAsync());
    }

    [Fact]
    public async Task Pods_without_a_controller_are_said()
    {
        _world.Api.Seed(Pod("a", isReady: true, owner: null));
        AddBudget("b", null, "1");
        await StepAsync();
        Assert.Equal((0, 0, 1, 0), Numbers(Budget().Status));
        Assert.Contains(
            await EventsAsync(),
            e => e.StartsWith(
                "Warning UnmanagedPods Pods selected by this PodDisruptionBudget (selector: &LabelSelector{"
                    + "MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were",
                StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("apps/v1", "ReplicaSet", "found no controllers for pod \"a\"")]
    [InlineData("apps/v1", "DaemonSet", "daemonsets.apps does not implement the scale subresource")]
    [InlineData("x.dev/v2", "Thing", "no matches for kind \"Thing\" in version \"x.dev/v2\"")]
    public async Task What_cannot_be_counted_allows_nothing(string apiVersion, string kind, string why)
    {
        var pod = Pod("a", isReady: true, owner: "lost");
        (pod.Metadata.OwnerReferences[0].ApiVersion, pod.Metadata.OwnerReferences[0].Kind) = (apiVersion, kind);
        _world.Api.Seed(pod);
        AddBudget("b", "50%", null);
        await StepAsync();
        var condition = Assert.Single(Budget().Status.Conditions);
        Assert.Equal(("False", "SyncFailed", why), (condition.Status, condition.Reason, condition.Message));
        Assert.Equal(0, Budget().Status.DisruptionsAllowed);
        Assert.Contains(
            $"Warning CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: {why}",
            await EventsAsync());
    }

    [Fact]
    public async Task A_pod_of_two_budgets_is_said_by_the_first()
    {
        AddPods(ready: 1, of: 1);
        AddBudget("b", "1", null);
        AddBudget("c", "1", null);
        await StepAsync("c");
        await StepAsync();
        Assert.Equal(
            ["Warning MultiplePodDisruptionBudgets Pod \"default\"/\"p0\" matches multiple PodDisruptionBudgets.  "
                + "Chose \"b\" arbitrarily."],
            await EventsAsync());
    }

    [Fact]
    public async Task A_budget_without_pods_says_so()
    {
        AddBudget("b", "1", null);
        await StepAsync();
        Assert.Equal(["Normal NoPods No matching pods found"], await EventsAsync());
    }

    private static V1Pod Pod(string name, bool isReady, string? owner) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = "default",
            Labels = new Dictionary<string, string> { ["app"] = "web" },
            OwnerReferences = owner is null
                ? null
                :
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "apps/v1", Kind = "ReplicaSet", Name = "web", Uid = owner, Controller = true,
                    },
                ],
        },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c" }] },
        Status = new V1PodStatus
        {
            Phase = "Running", Conditions = [new V1PodCondition { Type = "Ready", Status = isReady ? "True" : "False" }],
        },
    };

    private static V1PodDisruptionBudget NewBudget(string name, string? least, string? most) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Generation = 1 },
        Spec = new V1PodDisruptionBudgetSpec
        {
            MinAvailable = least is null ? null : (IntOrString)least,
            MaxUnavailable = most is null ? null : (IntOrString)most,
            Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
        },
        Status = new V1PodDisruptionBudgetStatus(),
    };

    private static (int? Expected, int? Desired, int? Healthy, int? Allowed) Numbers(V1PodDisruptionBudgetStatus status) =>
        (status.ExpectedPods, status.DesiredHealthy, status.CurrentHealthy, status.DisruptionsAllowed);

    private void AddPods(int ready, int of)
    {
        var set = _world.AddReplicaSet("web", of);
        for (var i = 0; i < of; i++)
        {
            _world.Api.Seed(Pod($"p{i}", i < ready, set.Metadata.Uid));
        }
    }

    private void AddBudget(string name, string? least, string? most) =>
        _world.Api.Seed(NewBudget(name, least, most));

    private V1PodDisruptionBudget Budget() => _world.Api.Find<V1PodDisruptionBudget>("default", "b")!;

    private async Task<PodDisruptionBudgetReconciler> StepAsync(string name = "b")
    {
        var reconciler = new PodDisruptionBudgetReconciler(new ObjectKey("default", name), _world.Services);
        await reconciler.ReconcileAsync(default);
        return reconciler;
    }

    private async Task<List<string>> EventsAsync()
    {
        await _world.Events.FlushAsync(default);
        return [.. _world.Api.All<Corev1Event>().Select(e => $"{e.Type} {e.Reason} {e.Message}")];
    }
}
