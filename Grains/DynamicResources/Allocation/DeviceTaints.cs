using k8s.Models;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>Taints of devices.</summary>
public static class DeviceTaints
{
    public static bool Tolerates(V1DeviceToleration toleration, V1DeviceTaint taint) =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) || toleration.Key == taint.Key)
        && (toleration.OperatorProperty == "Exists" || (toleration.Value ?? "") == (taint.Value ?? ""));
}
