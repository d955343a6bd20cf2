using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Lets pods stay five minutes on a node that is not ready or unreachable, unless they say otherwise.
/// </summary>
public sealed class DefaultTolerationSecondsPlugin : IAdmissionPlugin
{
    private const int Seconds = 300;

    private static readonly string[] Taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

    public string Name => "DefaultTolerationSeconds";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update && attributes.IsFor(WellKnown.Pods);

    public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1Pod)attributes.Object!).Spec ??= new V1PodSpec();
        foreach (var taint in Taints)
        {
            if (spec.Tolerations?.Any(t => Tolerates(t, taint)) != true)
            {
                spec.Tolerations ??= [];
                spec.Tolerations.Add(new V1Toleration
                {
                    Key = taint, OperatorProperty = "Exists", Effect = "NoExecute", TolerationSeconds = Seconds,
                });
            }
        }

        return new ValueTask<Status?>((Status?)null);
    }

    private static bool Tolerates(V1Toleration toleration, string taint) =>
        (string.IsNullOrEmpty(toleration.Key) || toleration.Key == taint) &&
        toleration.Effect is (null or "" or "NoExecute");
}
