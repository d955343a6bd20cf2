using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>An image that has to be there, for whom, and when it is pulled.</summary>
/// <param name="Pod">The pod that it is for; its secrets are used.</param>
/// <param name="Container">The container that runs it, which events name; null for an image that is a volume.</param>
/// <param name="Reference">As the pod names it; empty is refused as every other name that cannot be read.</param>
/// <param name="Policy">
/// <c>Always</c>, <c>IfNotPresent</c> or <c>Never</c>; null where the tag decides.
/// </param>
public sealed record WantedImage(V1Pod Pod, V1Container? Container, string Reference, string? Policy)
{
    public static WantedImage Of(V1Pod pod, V1Container container) =>
        new(pod, container, container.Image ?? "", container.ImagePullPolicy);

    public static WantedImage Of(V1Pod pod, V1ImageVolumeSource volume) =>
        new(pod, null, volume.Reference ?? "", volume.PullPolicy);
}
