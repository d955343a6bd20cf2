using System.Globalization;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.Deployments;

/// <summary>The planner alone, in states that no rollout may ever have reached by itself.</summary>
public sealed class DeploymentPlannerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// In the middle of a rollout a Deployment is scaled. Held against exact fractions: all sets together have what may
    /// exist, every one but the largest is within one of its share, and none moves against the others.
    /// </summary>
    [Fact]
    public void Scaling_during_a_rollout_gives_everyone_his_share() => Gen.Select(
        Gen.Int[1, 60].Array[2, 5], Gen.Int[0, 30], Gen.Int[1, 300], Gen.Int[0, 30]).Check(
        (sizes, surgeBefore, wanted, surge) =>
    {
        var total = sizes.Sum();
        var desired = Math.Max(1, total - surgeBefore);
        if (desired == wanted)
        {
            return;
        }

        var deployment = Deployment(wanted, surge, unavailable: 1);
        var sets = sizes.Select((size, i) => Set(i, size, size, desired, total)).ToList();
        var after = Apply(deployment, sets);
        var maxTotal = wanted + RolloutBounds.Of(deployment).MaxSurge;
        Assert.Equal(maxTotal, after.Values.Sum());
        var largest = sets.MaxBy(s => s.Spec.Replicas)!.Spec.Replicas;
        foreach (var set in sets)
        {
            var (before, now) = (set.Spec.Replicas!.Value, after[set.Metadata.Name]);
            Assert.True(maxTotal >= total ? now >= before : now <= before, $"{before} became {now} when {total} became {maxTotal}");
            if (before < largest)
            {
                // Who comes late in the order gets what is left of the whole.
                Assert.InRange(now, 0, Math.Max(before, (int)Math.Ceiling((before * (double)maxTotal / total) + 0.5)));
            }
        }
    });

    /// <summary>
    /// The cases of upstream's <c>TestScale</c>: sizes of sets, the oldest first, and behind a colon the size that a
    /// set was told last, where it is another than the Deployment's before.
    /// </summary>
    [Theory]
    [InlineData(10, 0, 12, 0, true, "10", "12")]
    [InlineData(10, 0, 5, 0, true, "10", "5")]
    [InlineData(5, 0, 10, 0, true, "3 2", "6 4")]
    [InlineData(5, 0, 3, 0, true, "3 2", "2 1")]
    [InlineData(9, 0, 4, 0, true, "1 8", "0 4")]
    [InlineData(7, 0, 10, 0, true, "2 3 2", "3 4 3")]
    [InlineData(13, 0, 8, 0, true, "3 8 2", "2 5 1")]
    [InlineData(3, 0, 4, 0, true, "1 1 1", "1 1 2")]
    [InlineData(3, 0, 2, 0, true, "1 1 1", "0 1 1")]
    [InlineData(4, 0, 5, 0, false, "2 2", "2 3")]
    [InlineData(6, 0, 0, 0, true, "1 2 3", "0 0 0")]
    [InlineData(6, 0, 6, 0, true, "0 0 0", "0 0 6")]
    [InlineData(5, 0, 5, 0, true, "1 1:3 2", "1 2 2")]
    [InlineData(10, 2, 20, 2, true, "6 6", "11 11")]
    [InlineData(10, 3, 50, 6, true, "8 5", "34 22")]
    [InlineData(10, 0, 14, 0, false, "3 7", "4 10")]
    [InlineData(2, 1, 2, 1, true, "1 2", "1 2")]
    public void A_new_size_is_shared_as_upstream_shares_it(
        int before, int surgeBefore, int wanted, int surge, bool hasNew, string sizes, string expected)
    {
        var deployment = Deployment(wanted, surge, unavailable: surge == 0 ? 1 : 0);
        var sets = sizes.Split(' ').Select(s => s.Split(':')).Select((s, i) =>
        {
            var told = s.Length == 1 ? before : int.Parse(s[1], CultureInfo.InvariantCulture);
            return Set(i, int.Parse(s[0], CultureInfo.InvariantCulture), 0, told, told + surgeBefore);
        }).ToList();
        if (hasNew)
        {
            sets[^1].Spec.Template = deployment.Spec.Template;
        }

        var after = Apply(deployment, sets);
        Assert.Equal(expected, string.Join(' ', sets.Select(s => after[s.Metadata.Name])));
    }

    /// <summary>
    /// A step of a rollout, from any sizes and any availability. Held against the two sums that bounds are about: what
    /// is asked for grows no further than replicas and surge, and what serves shrinks no further than the minimum; and
    /// there is a step as long as there are old replicas and everything asked for serves.
    /// </summary>
    [Fact]
    public void A_step_of_a_rollout_stays_within_its_bounds_and_is_one() => Gen.Select(
        Gen.Select(Gen.Int[0, 20], Gen.Int[0, 20]).Array[1, 4], Gen.Int[1, 20], Gen.Int[0, 5], Gen.Int[0, 5]).Check(
        (states, wanted, surge, unavailable) =>
    {
        var deployment = Deployment(wanted, surge, unavailable);
        var bounds = RolloutBounds.Of(deployment);
        var sets = states.Select((s, i) => Set(i, s.Item1, Math.Min(s.Item2, s.Item1), wanted, bounds.MaxTotal)).ToList();
        sets[^1].Spec.Template = deployment.Spec.Template;
        var after = Apply(deployment, sets);

        var before = sets.Sum(s => s.Spec.Replicas!.Value);
        Assert.True(after.Values.Sum() <= Math.Max(before, bounds.MaxTotal), "more than replicas and surge");
        var serving = sets.Sum(s => s.Status.AvailableReplicas!.Value);
        var left = sets.Sum(s => Math.Min(s.Status.AvailableReplicas!.Value, after[s.Metadata.Name]));

        // The set of the current template shrinks to what is wanted at once, whatever serves.
        var newest = sets[^1];
        var cut = Math.Max(0, newest.Status.AvailableReplicas!.Value - wanted);
        Assert.True(left >= Math.Min(serving - cut, bounds.MinAvailable), "fewer than the minimum");
        var isDone = sets.SkipLast(1).All(s => s.Spec.Replicas == 0) && newest.Spec.Replicas == wanted;
        if (!isDone && serving == before)
        {
            Assert.True(
                sets.Any(s => after[s.Metadata.Name] != s.Spec.Replicas), "everything serves, and nothing moves");
        }
    });

    [Fact]
    public void What_a_scaling_leaves_over_goes_to_the_later_name_of_two_that_are_equally_new()
    {
        var sets = new List<V1ReplicaSet> { Set(0, 2, 2, 4, 4), Set(1, 2, 2, 4, 4) };
        sets[1].Metadata.CreationTimestamp = sets[0].Metadata.CreationTimestamp;
        var after = Apply(Deployment(5, 0, 1), sets);
        Assert.Equal((2, 3), (after["web-0"], after["web-1"]));
    }

    [Fact]
    public void A_set_that_keeps_its_size_is_not_written_when_only_the_surge_has_changed()
    {
        var deployment = Deployment(4, surge: 2, unavailable: 0);
        var sets = new List<V1ReplicaSet> { Set(0, 2, 2, 4, 5), Set(1, 2, 1, 4, 5), Set(2, 2, 1, 4, 5) };
        sets[2].Spec.Template = deployment.Spec.Template;
        var observed = new DeploymentObserved { Deployment = deployment, ReplicaSets = sets };
        var change = Assert.Single(DeploymentPlanner.Compute(observed, Now).Changes);
        Assert.Equal(("web-1", 1), (change.Set.Metadata.Name, change.Replicas));
        Assert.Equal("6", change.Annotations["deployment.kubernetes.io/max-replicas"]);
    }

    [Fact]
    public void The_only_set_of_a_paused_deployment_is_not_written_when_only_the_surge_has_changed()
    {
        var deployment = Deployment(4, surge: 2, unavailable: 0);
        deployment.Spec.Paused = true;
        var sets = new List<V1ReplicaSet> { Set(0, 4, 4, 4, 5) };
        sets[0].Spec.Template = deployment.Spec.Template;
        var observed = new DeploymentObserved { Deployment = deployment, ReplicaSets = sets };
        Assert.Empty(DeploymentPlanner.Compute(observed, Now).Changes);
    }

    /// <summary>What says another size is a scaling, which both sets share; else the rollout goes on.</summary>
    [Theory]
    [InlineData("8", 6)]
    [InlineData("-8", 7)]
    [InlineData("9999999999", 7)]
    [InlineData("eight", 7)]
    public void Only_a_number_of_replicas_says_what_a_set_was_told(string told, int expected)
    {
        var sets = new List<V1ReplicaSet> { Set(0, 5, 0, 10, 10), Set(1, 5, 0, 10, 10) };
        sets[1].Metadata.Annotations["deployment.kubernetes.io/desired-replicas"] = told;
        sets[1].Spec.Template = Template("new");
        Assert.Equal(expected, Apply(Deployment(10, surge: 2, unavailable: 0), sets)["web-1"]);
    }

    [Theory]
    [InlineData("1", "2", "1")]
    [InlineData("5", "5", null)]
    [InlineData("five", "five", null)]
    public void A_revision_that_is_no_number_stays(string revision, string expected, string? history)
    {
        var deployment = Deployment(4, surge: 1, unavailable: 0);
        var sets = new List<V1ReplicaSet> { Set(0, 0, 0, 4, 5), Set(1, 4, 4, 4, 5) };
        sets[1].Spec.Template = deployment.Spec.Template;
        sets[1].Metadata.Annotations["deployment.kubernetes.io/revision"] = revision;
        var plan = DeploymentPlanner.Compute(
            new DeploymentObserved { Deployment = deployment, ReplicaSets = sets }, Now);
        var written = plan.Changes.SelectMany(c => c.Annotations).ToDictionary(StringComparer.Ordinal);
        Assert.Equal(expected, written.GetValueOrDefault("deployment.kubernetes.io/revision", revision));
        Assert.Equal(history, written.GetValueOrDefault("deployment.kubernetes.io/revision-history"));
    }

    /// <summary>Of each set its terminating replicas, a dash for none, and the generation that was looked at.</summary>
    [Theory]
    [InlineData("2@1 1@1", 3)]
    [InlineData("2@1 -@0", 2)]
    [InlineData("2@1 -@1", null)]
    public void Terminating_replicas_are_unknown_when_a_set_does_not_say(string told, int? expected)
    {
        var sets = told.Split(' ').Select(t => t.Split('@')).Select((t, i) =>
        {
            var set = Set(i, 2, 2, 4, 5);
            set.Status.TerminatingReplicas = t[0] == "-" ? null : int.Parse(t[0], CultureInfo.InvariantCulture);
            set.Status.ObservedGeneration = int.Parse(t[1], CultureInfo.InvariantCulture);
            return set;
        }).ToList();
        var observed = new DeploymentObserved { Deployment = Deployment(4, 1, 0), ReplicaSets = sets };
        Assert.Equal(expected, DeploymentPlanner.Compute(observed, Now).Status!.TerminatingReplicas);
    }

    [Fact]
    public void A_failure_of_another_reason_has_lasted_since_the_first()
    {
        var (first, second) = (Now.AddMinutes(-9).UtcDateTime, Now.AddMinutes(-5).UtcDateTime);
        var deployment = Deployment(4, 1, 0);
        deployment.Status = new V1DeploymentStatus
        {
            Conditions =
            [
                new V1DeploymentCondition
                {
                    Type = "ReplicaFailure", Status = "True", Reason = "FailedCreate", LastTransitionTime = first,
                },
            ],
        };
        var set = Set(0, 4, 4, 4, 5);
        set.Spec.Template = deployment.Spec.Template;
        set.Status.Conditions =
        [
            new V1ReplicaSetCondition
            {
                Type = "ReplicaFailure", Status = "True", Reason = "FailedDelete", LastTransitionTime = second,
            },
        ];
        var observed = new DeploymentObserved { Deployment = deployment, ReplicaSets = [set] };
        var shown = DeploymentPlanner.Compute(observed, Now).Status!.Conditions.Single(c => c.Type == "ReplicaFailure");
        Assert.Equal(
            ("FailedDelete", first, second), (shown.Reason, shown.LastTransitionTime, shown.LastUpdateTime));
    }

    private static Dictionary<string, int> Apply(V1Deployment deployment, List<V1ReplicaSet> sets)
    {
        var observed = new DeploymentObserved { Deployment = deployment, ReplicaSets = sets };
        var plan = DeploymentPlanner.Compute(observed, Now);
        Assert.Null(plan.Create);
        var result = sets.ToDictionary(s => s.Metadata.Name, s => s.Spec.Replicas!.Value);
        foreach (var change in plan.Changes.Where(c => c.Replicas is not null))
        {
            result[change.Set.Metadata.Name] = change.Replicas!.Value;
        }

        return result;
    }

    private static V1Deployment Deployment(int replicas, int surge, int unavailable) => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "d" },
        Spec = new V1DeploymentSpec
        {
            Replicas = replicas,
            Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
            Strategy = new V1DeploymentStrategy
            {
                Type = "RollingUpdate",
                RollingUpdate = new V1RollingUpdateDeployment { MaxSurge = Text(surge), MaxUnavailable = Text(unavailable) },
            },
            Template = Template("new"),
        },
    };

    private static V1ReplicaSet Set(int number, int size, int available, int desired, int maxReplicas) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = $"web-{number}",
            NamespaceProperty = "default",
            Uid = $"s{number}",
            CreationTimestamp = Now.AddMinutes(number - 100).UtcDateTime,
            Annotations = new Dictionary<string, string>
            {
                ["deployment.kubernetes.io/desired-replicas"] = Text(desired),
                ["deployment.kubernetes.io/max-replicas"] = Text(maxReplicas),
                ["deployment.kubernetes.io/revision"] = Text(number + 1),
            },
        },
        Spec = new V1ReplicaSetSpec { Replicas = size, Template = Template($"old{number}") },
        Status = new V1ReplicaSetStatus { Replicas = size, AvailableReplicas = available, ReadyReplicas = available },
    };

    private static V1PodTemplateSpec Template(string image) => new()
    {
        Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["app"] = "web" } },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "main", Image = image }] },
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
