using System.Globalization;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Annotations of pods that mean something to the API.</summary>
public static class PodAnnotations
{
    /// <summary>Marks the API's view of a pod that its node runs from a file.</summary>
    public const string Mirror = "kubernetes.io/config.mirror";

    public const string Tolerations = "scheduler.alpha.kubernetes.io/tolerations";
    public const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";
    public const string SeccompPod = "seccomp.security.alpha.kubernetes.io/pod";
    public const string SeccompContainerPrefix = "container.seccomp.security.alpha.kubernetes.io/";
    public const string AppArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";

    /// <summary>
    /// The cost that <see cref="DeletionCost"/> says; null when that is none. A plus or a zero may not lead, but a zero
    /// after a minus may.
    /// </summary>
    public static int? ReadDeletionCost(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost)
        && (text == "0" || text[0] is '-' or (>= '1' and <= '9'))
            ? cost
            : null;
}
