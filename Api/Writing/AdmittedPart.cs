using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>What admission sees of an update, where that is not the object: its scale.</summary>
/// <param name="Subresource">The subresource that is written.</param>
/// <param name="Of">The part of an object.</param>
/// <param name="Into">The object with the part as admission left it.</param>
public sealed record AdmittedPart(
    string Subresource, Func<IKubernetesObject<V1ObjectMeta>, IKubernetesObject<V1ObjectMeta>> Of,
    Func<IKubernetesObject<V1ObjectMeta>, IKubernetesObject<V1ObjectMeta>, IKubernetesObject<V1ObjectMeta>> Into);
