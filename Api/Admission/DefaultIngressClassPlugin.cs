using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Networking.IngressClasses;
using OrleansOrchestrator.Resources.Networking.Ingresses;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Gives a new Ingress that names no class the newest default one.</summary>
public sealed class DefaultIngressClassPlugin(ObjectReader reader) : IAdmissionPlugin
{
    public string Name => "DefaultIngressClass";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create && attributes.IsFor(WellKnown.Ingresses);

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var ingress = (V1Ingress)attributes.Object!;
        if (ingress.Spec.IngressClassName is null && ingress.GetAnnotation(IngressStrategy.ClassAnnotation) is null)
        {
            var all = await reader.ListAsync<V1IngressClass>(WellKnown.IngressClasses, "", cancellationToken);
            ingress.Spec.IngressClassName = all.Where(IngressClassStrategy.IsDefault).Newest()?.Metadata.Name;
        }

        return null;
    }
}
