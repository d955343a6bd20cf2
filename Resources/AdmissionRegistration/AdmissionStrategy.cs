using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration;

/// <summary>What webhooks, policies and their bindings have in common.</summary>
public abstract class AdmissionStrategy<T> : ResourceStrategy<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private const string StaticSuffix = ".static.k8s.io";

    public override bool AllowUnconditionalUpdate => false;

    public override void PrepareForCreate(T item) => item.Metadata.Generation = 1;

    /// <summary>Upstream validates a changed object, metadata included, as if it were new.</summary>
    public override void ValidateUpdate(T item, T old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(
            item.Metadata, namespaced: false, ValidateName, errors, takesAnyFinalizer: true);
        Validate(item, errors);
    }

    /// <summary>Some names are for those that a server has from files, and nobody sees.</summary>
    public override IEnumerable<string> Warnings(T item, T? old) =>
        item.Metadata.Name?.EndsWith(StaticSuffix, StringComparison.Ordinal) == true
            ? [$"metadata.name: names ending with \"{StaticSuffix}\" are reserved for static manifest-based " +
                "configurations and cannot be managed via the API"]
            : [];
}
