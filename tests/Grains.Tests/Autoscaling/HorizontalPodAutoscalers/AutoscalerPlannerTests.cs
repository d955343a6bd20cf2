using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Autoscaling.HorizontalPodAutoscalers;

public sealed class AutoscalerPlannerTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 1, 5, null, "ScalingDisabled")]
    [InlineData(7, 1, 5, 5, "Current number of replicas above Spec.MaxReplicas")]
    [InlineData(1, 3, 5, 3, "Current number of replicas below Spec.MinReplicas")]
    public void Limits_come_before_metrics(int current, int min, int max, int? expected, string said)
    {
        var plan = Compute(Autoscaler(min, max), current, 0, new AutoscalerMemory(), Start);
        Assert.Equal(expected, plan.Replicas);
        Assert.Equal(
            said,
            expected is null ? plan.Status.Conditions.Single(c => c.Type == "ScalingActive").Reason : plan.Reason);
    }

    [Theory]
    [InlineData(4, 100, 8, "ScalingLimited False DesiredWithinRange")]
    [InlineData(4, 400, 8, "ScalingLimited True ScaleUpLimit")]
    [InlineData(8, 400, 10, "ScalingLimited True TooManyReplicas")]
    public void One_step_up_has_a_limit(int current, long figure, int expected, string condition)
    {
        var plan = Compute(Autoscaler(1, 10), current, figure * current, new AutoscalerMemory(), Start);
        Assert.Equal(expected, plan.Replicas);
        Assert.Contains(condition, plan.Status.Conditions.Select(c => $"{c.Type} {c.Status} {c.Reason}"));
    }

    [Fact]
    public void Down_goes_the_highest_number_of_five_minutes()
    {
        var memory = new AutoscalerMemory();
        var plan = Compute(Autoscaler(1, 10), 4, 4 * 50, memory, Start);
        for (var second = 15; second < 300; second += 15)
        {
            plan = Compute(Autoscaler(1, 10), 4, 50, plan.Memory, Start.AddSeconds(second));
            Assert.Null(plan.Replicas);
            Assert.Contains("ScaleDownStabilized", plan.Status.Conditions.Select(c => c.Reason));
        }

        plan = Compute(Autoscaler(1, 10), 4, 50, plan.Memory, Start.AddSeconds(315));
        Assert.Equal((1, "All metrics below target"), (plan.Replicas, plan.Reason));
    }

    [Fact]
    public void Failing_metrics_let_a_target_grow_and_never_shrink()
    {
        foreach (var (figure, expected) in new[] { (400L, (int?)8), (10L, null) })
        {
            var autoscaler = Autoscaler(1, 10);
            autoscaler.Spec.Metrics.Insert(0, External("gone", 50));
            var plan = Compute(autoscaler, 4, figure, new AutoscalerMemory(), Start);
            Assert.Equal(expected, plan.Replicas);
            Assert.Contains("FailedGetExternalMetric", plan.Events.Select(e => e.Reason));
        }
    }

    [Fact]
    public void What_a_behavior_allows_agrees_with_a_naive_replay()
    {
        var policy = Gen.Select(Gen.OneOf(Gen.Const("Pods"), Gen.Const("Percent")), Gen.Int[1, 60], Gen.Int[1, 10]);
        Gen.Select(policy, policy, Gen.Int[0, 120], Gen.Int[0, 120], Gen.Int[0, 2000].Array[1, 30])
            .Check((up, down, upWindow, downWindow, figures) =>
        {
            var behavior = new V2HorizontalPodAutoscalerBehavior
            {
                ScaleUp = Rules(up, upWindow), ScaleDown = Rules(down, downWindow),
            };
            var memory = new AutoscalerMemory();
            var wanted = new List<(DateTimeOffset Time, int Replicas)>();
            var sizes = new List<(DateTimeOffset Time, int Replicas)> { (Start.AddHours(-1), 5) };
            for (var i = 0; i < figures.Length; i++)
            {
                var now = Start.AddSeconds(i * 15);
                var current = sizes[^1].Replicas;
                var autoscaler = Autoscaler(1, 50, behavior);
                if (i == 0)
                {
                    wanted.Add((now, current));
                }

                var plan = Compute(autoscaler, current, figures[i], memory, now);
                var proposal = Propose(figures[i], current);
                var expected = Naive(current, proposal, wanted, sizes, behavior, now);
                wanted.Add((now, proposal));
                if ((plan.Replicas ?? current) != expected)
                {
                    return false;
                }

                memory = plan.Memory;
                if (plan.Replicas is not null)
                {
                    memory = AutoscalerPlanner.Finish(plan, autoscaler, current, null, now).Memory;
                    sizes.Add((now, expected));
                }
            }

            return true;
        });
    }

    [Fact]
    public void A_size_that_could_not_be_written_shows_the_figures_that_asked_for_it()
    {
        var autoscaler = Autoscaler(1, 10);
        var plan = Compute(autoscaler, 2, 200, new AutoscalerMemory(), Start);
        Assert.Equal(4, plan.Replicas);
        var status = AutoscalerPlanner.Finish(plan, autoscaler, 2, "no", Start).Status;
        Assert.Equal("External", Assert.Single(status.CurrentMetrics).Type);
        Assert.Equal((2, 0), (status.CurrentReplicas, status.DesiredReplicas));
    }

    private static int Propose(long figure, int current)
    {
        var ratio = figure / (50.0 * current);
        return 1 - 0.1 <= ratio && ratio <= 1 + 0.1 ? current : (int)Math.Ceiling(figure / 50.0);
    }

    /// <summary>Sizes say it all: what changed within a period is what it must be counted from.</summary>
    private static int Naive(
        int current, int proposal, List<(DateTimeOffset Time, int Replicas)> wanted,
        List<(DateTimeOffset Time, int Replicas)> sizes, V2HorizontalPodAutoscalerBehavior behavior, DateTimeOffset now)
    {
        int Held(V2HPAScalingRules rules, Func<int, int, int> choose) => wanted
            .Where(w => w.Time > now.AddSeconds(-rules.StabilizationWindowSeconds!.Value))
            .Aggregate(proposal, (held, w) => choose(held, w.Replicas));
        var held = Math.Min(
            Math.Max(current, Held(behavior.ScaleUp, Math.Min)), Held(behavior.ScaleDown, Math.Max));
        int At(V2HPAScalingRules rules) =>
            sizes.Last(s => s.Time <= now.AddSeconds(-rules.Policies[0].PeriodSeconds)).Replicas;
        var (up, down) = (behavior.ScaleUp.Policies[0], behavior.ScaleDown.Policies[0]);
        if (held > current)
        {
            var start = At(behavior.ScaleUp);
            var limit = up.Type == "Pods" ? start + up.Value : (int)Math.Ceiling(start * (1 + (up.Value / 100.0)));
            return Math.Min(held, Math.Min(50, Math.Max(current, limit)));
        }

        if (held < current)
        {
            var start = At(behavior.ScaleDown);
            var limit = down.Type == "Pods" ? start - down.Value : (int)(start * (1 - (down.Value / 100.0)));
            return Math.Max(held, Math.Max(1, Math.Min(current, limit)));
        }

        return current;
    }

    private static V2HPAScalingRules Rules((string Type, int Period, int Value) policy, int window) => new()
    {
        SelectPolicy = "Max",
        StabilizationWindowSeconds = window,
        Policies =
        [
            new V2HPAScalingPolicy
            {
                Type = policy.Type, PeriodSeconds = policy.Period,
                Value = policy.Type == "Percent" ? policy.Value * 10 : policy.Value,
            },
        ],
    };

    private static AutoscalerPlan Compute(
        V2HorizontalPodAutoscaler autoscaler, int current, long figure, AutoscalerMemory memory, DateTimeOffset now) =>
        AutoscalerPlanner.Compute(
            new AutoscalerObserved
            {
                Autoscaler = autoscaler,
                Scale = new TargetScale(current, current, "app=web"),
                Custom = new FixedMetrics(figure * 1000),
            },
            memory,
            now);

    private static V2MetricSpec External(string name, int average) => new()
    {
        Type = "External",
        External = new V2ExternalMetricSource
        {
            Metric = new V2MetricIdentifier { Name = name },
            Target = new V2MetricTarget { Type = "AverageValue", AverageValue = new ResourceQuantity($"{average}") },
        },
    };

    private static V2HorizontalPodAutoscaler Autoscaler(
        int min, int max, V2HorizontalPodAutoscalerBehavior? behavior = null) => new()
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V2HorizontalPodAutoscalerSpec
            {
                ScaleTargetRef = new V2CrossVersionObjectReference
                {
                    ApiVersion = "apps/v1", Kind = "Deployment", Name = "web",
                },
                MinReplicas = min, MaxReplicas = max, Behavior = behavior, Metrics = [External("queue", 50)],
            },
        };
}
