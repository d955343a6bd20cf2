using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>How many pods may be disturbed at one time, as PodDisruptionBudgets say.</summary>
public sealed class DisruptionBudgets
{
    private readonly ObjectTable<Budget> _budgets = new(Read);

    public IObjectTable Table => _budgets;

    /// <summary>
    /// Which of the pods, were they removed in this order, go beyond a budget. A budget that selects nothing guards
    /// nobody here, as upstream has it.
    /// </summary>
    public bool[] Violated(PodInfo[] pods)
    {
        var violated = new bool[pods.Length];
        var left = _budgets.All.ToDictionary(b => b, b => b.Allowed);
        for (var i = 0; i < pods.Length; i++)
        {
            foreach (var budget in _budgets.All)
            {
                if (budget.Guards(pods[i]))
                {
                    violated[i] |= --left[budget] < 0;
                }
            }
        }

        return violated;
    }

    private static Budget Read(ResourceObject item)
    {
        var budget = item.As<V1PodDisruptionBudget>();
        return new Budget
        {
            Namespace = item.Key.Namespace,
            Selector = LabelSelector.Of(budget.Spec?.Selector),
            Allowed = budget.Status?.DisruptionsAllowed ?? 0,
            Disrupted = [.. budget.Status?.DisruptedPods?.Keys ?? []],
        };
    }

    private sealed class Budget
    {
        public required string Namespace { get; init; }

        public required LabelSelector Selector { get; init; }

        public required int Allowed { get; init; }

        /// <summary>Pods whose going is counted already.</summary>
        public required HashSet<string> Disrupted { get; init; }

        public bool Guards(PodInfo pod) => !Selector.IsEverything
            && pod.Labels.Count > 0
            && pod.Key.Namespace == Namespace
            && Selector.Matches(pod.Labels)
            && !Disrupted.Contains(pod.Key.Name);
    }
}
