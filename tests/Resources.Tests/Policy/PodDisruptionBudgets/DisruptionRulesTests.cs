using k8s.Models;
using OrleansOrchestrator.Resources.Policy.PodDisruptionBudgets;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Policy.PodDisruptionBudgets;

/// <summary>A budget is spent one pod at a time, and says why not.</summary>
public sealed class DisruptionRulesTests
{
    private static readonly DateTime Now = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    [Fact]
    public void Spending_counts_down_and_notes_the_pod()
    {
        var budget = Budget(allowed: 1);

        Assert.Null(DisruptionRules.Spend(budget, "p", Now));

        Assert.Equal(0, budget.Status.DisruptionsAllowed);
        Assert.Equal(Now, budget.Status.DisruptedPods["p"]);
        var condition = Assert.Single(budget.Status.Conditions);
        Assert.Equal("DisruptionAllowed", condition.Type);
        Assert.Equal(("False", "InsufficientPods"), (condition.Status, condition.Reason));
    }

    [Theory]
    [InlineData(1, 0, 2, 2, null, 429, "The disruption budget b is still being processed by the server.")]
    [InlineData(0, 1, 2, 2, null, 429, "The disruption budget b needs 2 healthy pods and has 2 currently")]
    [InlineData(0, 1, 3, 2, "Why", 429, "The disruption budget b does not allow evicting pods currently (Why): text")]
    [InlineData(
        0, 1, 2, 2, "SyncFailed", 429,
        "The disruption budget b does not allow evicting pods currently because it failed sync: text")]
    [InlineData(0, 1, 3, 2, null, 429, "The disruption budget b does not allow evicting pods currently")]
    [InlineData(-1, 1, 2, 2, null, 403, null)]
    public void What_is_refused_has_a_cause(
        int allowed, int observed, int healthy, int desired, string? reason, int code, string? cause)
    {
        var budget = Budget(allowed);
        budget.Status.ObservedGeneration = observed;
        (budget.Status.CurrentHealthy, budget.Status.DesiredHealthy) = (healthy, desired);
        budget.Status.Conditions = reason is null
            ? null
            : [new V1Condition { Type = "DisruptionAllowed", Status = "False", Reason = reason, Message = "text" }];

        var refusal = DisruptionRules.Spend(budget, "p", Now);

        Assert.Equal(code, refusal!.Code);
        Assert.Equal(cause, refusal.Details!.Causes?.Single().Message);
        Assert.Null(budget.Status.DisruptedPods);
    }

    [Theory]
    [InlineData("AlwaysAllow", 0, 2, false, true)]
    [InlineData("IfHealthyBudget", 2, 2, false, true)]
    [InlineData(null, 1, 2, false, false)]
    [InlineData(null, 0, 0, false, false)]
    [InlineData("AlwaysAllow", 2, 2, true, false)]
    public void Pods_that_are_not_ready_are_spared_the_budget(
        string? policy, int healthy, int desired, bool isReady, bool isSpared)
    {
        var budget = Budget(0);
        budget.Spec.UnhealthyPodEvictionPolicy = policy;
        (budget.Status.CurrentHealthy, budget.Status.DesiredHealthy) = (healthy, desired);
        var pod = new V1Pod
        {
            Status = new V1PodStatus
            {
                Conditions = [new V1PodCondition { Type = "Ready", Status = isReady ? "True" : "False" }],
            },
        };

        Assert.Equal(isSpared, DisruptionRules.SparesUnready(budget, pod));
    }

    private static V1PodDisruptionBudget Budget(int allowed) => new()
    {
        Metadata = new V1ObjectMeta { Name = "b", Generation = 1 },
        Spec = new V1PodDisruptionBudgetSpec(),
        Status = new V1PodDisruptionBudgetStatus { DisruptionsAllowed = allowed, ObservedGeneration = 1 },
    };
}
