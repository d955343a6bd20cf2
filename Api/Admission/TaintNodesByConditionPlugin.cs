using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>A new node takes no pods until it has been seen ready.</summary>
public sealed class TaintNodesByConditionPlugin : IAdmissionPlugin
{
    private const string Taint = "node.kubernetes.io/not-ready";

    public string Name => "TaintNodesByCondition";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create && attributes.IsFor(WellKnown.Nodes);

    public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1Node)attributes.Object!).Spec ??= new V1NodeSpec();
        if (spec.Taints?.Any(t => t.Key == Taint && t.Effect == "NoSchedule") != true)
        {
            spec.Taints ??= [];
            spec.Taints.Add(new V1Taint { Key = Taint, Effect = "NoSchedule" });
        }

        return new ValueTask<Status?>((Status?)null);
    }
}
