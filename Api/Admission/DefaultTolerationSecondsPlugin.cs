using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>For how many seconds pods stay on a node that is not well, unless they say otherwise.</summary>
public sealed record DefaultTolerations
{
    /// <summary>On one that is not ready (<c>--default-not-ready-toleration-seconds</c>).</summary>
    public long NotReady { get; init; } = 300;

    /// <summary>On one that does not answer (<c>--default-unreachable-toleration-seconds</c>).</summary>
    public long Unreachable { get; init; } = 300;
}

/// <summary>
/// Lets pods stay for a while on a node that is not ready or unreachable, unless they say otherwise.
/// </summary>
/// <param name="seconds">For how long.</param>
public sealed class DefaultTolerationSecondsPlugin(DefaultTolerations seconds) : IAdmissionPlugin
{
    private readonly (string Taint, long Seconds)[] _defaults =
    [
        ("node.kubernetes.io/not-ready", seconds.NotReady), ("node.kubernetes.io/unreachable", seconds.Unreachable),
    ];

    public string Name => "DefaultTolerationSeconds";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update && attributes.IsFor(WellKnown.Pods);

    public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1Pod)attributes.Object!).Spec ??= new V1PodSpec();
        foreach (var (taint, stay) in _defaults)
        {
            if (spec.Tolerations?.Any(t => Tolerates(t, taint)) != true)
            {
                spec.Tolerations ??= [];
                spec.Tolerations.Add(new V1Toleration
                {
                    Key = taint, OperatorProperty = "Exists", Effect = "NoExecute", TolerationSeconds = stay,
                });
            }
        }

        return new ValueTask<Status?>((Status?)null);
    }

    private static bool Tolerates(V1Toleration toleration, string taint) =>
        (string.IsNullOrEmpty(toleration.Key) || toleration.Key == taint) &&
        toleration.Effect is (null or "" or "NoExecute");
}
