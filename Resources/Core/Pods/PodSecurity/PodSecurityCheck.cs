namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity;

/// <summary>How a pod violates a check.</summary>
/// <param name="Reason">A few words, for example <c>host namespaces</c>.</param>
/// <param name="Detail">What it is in this pod, for example <c>hostPID=true</c>.</param>
public sealed record PodSecurityViolation(string Reason, string Detail);

/// <summary>One rule of the Pod Security Standards, in all the forms it has had.</summary>
/// <param name="Id">Upstream's name; findings come in its order.</param>
/// <param name="Level">Baseline, or Restricted.</param>
/// <param name="Revisions">Oldest first.</param>
internal sealed record PodSecurityCheck(string Id, PodSecurityLevel Level, params PodSecurityRevision[] Revisions);

/// <summary>A check as it has been since a version.</summary>
/// <param name="Since">The x of the first <c>v1.x</c> it counts for.</param>
/// <param name="Find">The violation; null when the pod is as it should be.</param>
/// <param name="Overrides">Baseline check whose place it takes at the restricted level.</param>
internal sealed record PodSecurityRevision(
    int Since, Func<CheckedPod, PodSecurityViolation?> Find, string? Overrides = null);
