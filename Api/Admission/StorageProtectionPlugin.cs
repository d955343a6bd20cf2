using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Keeps what stores data, by a finalizer, until nobody uses it any more.</summary>
public sealed class StorageProtectionPlugin : IAdmissionPlugin
{
    private static readonly Dictionary<ResourceName, string> Finalizers = new()
    {
        [WellKnown.PersistentVolumes] = "kubernetes.io/pv-protection",
        [WellKnown.PersistentVolumeClaims] = "kubernetes.io/pvc-protection",
        [WellKnown.VolumeAttributesClasses] = "kubernetes.io/vac-protection",
    };

    public string Name => "StorageObjectInUseProtection";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes is { Operation: AdmissionOperation.Create, Subresource: "" }
        && Finalizers.ContainsKey(attributes.Definition.Name);

    public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var metadata = attributes.Object!.Metadata;
        var finalizer = Finalizers[attributes.Definition.Name];
        if (metadata.Finalizers?.Contains(finalizer) != true)
        {
            metadata.Finalizers = [.. metadata.Finalizers ?? [], finalizer];
        }

        return default;
    }
}
