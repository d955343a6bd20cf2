using System.Globalization;
using System.Net;
using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>
/// Finds an address behind a Service for this process itself, as upstream's aggregator routing does: an endpoint rather
/// than the Service's own address, because a silo need not run on a node. Refusals are upstream's.
/// </summary>
public sealed class ServiceResolver(ObjectReader reader)
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>Upstream's listers know a Service by its singular.</summary>
    private static readonly ResourceName Singular = new("", "service");

    /// <summary>One of the addresses, by chance.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="port">A port of it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<Outcome<DnsEndPoint>> ResolveAsync(
        ObjectKey service, int port, CancellationToken cancellationToken)
    {
        var found = await reader.FindAsync<V1Service>(WellKnown.Services, service, cancellationToken);
        if (found is null)
        {
            return StatusErrors.NotFound(Singular, service.Name);
        }

        if (found.Spec.Type == "ExternalName")
        {
            return new DnsEndPoint(found.Spec.ExternalName ?? "", port);
        }

        if (found.Spec.Ports?.FirstOrDefault(p => p.Port == port) is not { } wanted)
        {
            return StatusErrors.ServiceUnavailable(string.Create(
                CultureInfo.InvariantCulture,
                $"no service port {port} found for service {GoText.Quote(service.Name)}"));
        }

        var name = wanted.Name ?? "";
        var slices = await reader.SnapshotAsync(
            WellKnown.EndpointSlices, ReadFreshness.Cached, cancellationToken);
        return PickFrom(slices, service, name)
            ?? PickFrom(
                await reader.SnapshotAsync(WellKnown.EndpointSlices, ReadFreshness.Linearizable, cancellationToken),
                service, name)
            ?? (Outcome<DnsEndPoint>)StatusErrors.ServiceUnavailable(
                $"no endpoints available for service {GoText.Quote(service.Name)}");
    }

    private static DnsEndPoint? PickFrom(CacheSnapshot slices, ObjectKey service, string portName)
    {
        var candidates = slices.WithLabel(ServiceNameLabel, service.Name)
            .Where(s => s.Key.Namespace == service.Namespace)
            .Select(static s => s.As<V1EndpointSlice>())
            .SelectMany(slice => (slice.Ports ?? [])
                .Where(p => (p.Name ?? "") == portName && p.Port is > 0)
                .SelectMany(p => (slice.Endpoints ?? [])
                    .Where(static e => e.Conditions?.Ready != false)
                    .SelectMany(static e => e.Addresses ?? [])
                    .Select(address => new DnsEndPoint(address, p.Port!.Value))))
            .ToList();
        return candidates.Count == 0 ? null : candidates[Chance.Source.Next(candidates.Count)];
    }
}
