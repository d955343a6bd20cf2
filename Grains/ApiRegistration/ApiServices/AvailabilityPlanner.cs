using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.ApiRegistration.ApiServices;

/// <summary>Why an API is not available, or that it is, in upstream's words.</summary>
public sealed record Availability(bool IsAvailable, string Reason, string Message);

/// <summary>What an APIService is to say of its server.</summary>
public static class AvailabilityPlanner
{
    public const string Available = "Available";

    /// <summary>This server itself.</summary>
    public static readonly Availability Local = new(true, "Local", "Local APIServices are always available");

    public static readonly Availability Passed = new(true, "Passed", "all checks passed");

    public static Availability Failed(string why) => new(false, "FailedDiscoveryCheck", why);

    /// <summary>What is wrong with the Service, before anybody is called; null when nothing is.</summary>
    /// <param name="wanted">What the APIService names.</param>
    /// <param name="service">The Service; null when there is none.</param>
    /// <param name="slices">Its endpoints.</param>
    public static Availability? Look(
        Apiregistrationv1ServiceReference wanted, V1Service? service, IReadOnlyCollection<V1EndpointSlice> slices)
    {
        var name = $"service/{wanted.Name} in {GoText.Quote(wanted.NamespaceProperty)}";
        if (service is null)
        {
            return new(false, "ServiceNotFound", $"{name} is not present");
        }

        if (service.Spec.Type is not (null or "ClusterIP"))
        {
            return null;
        }

        if (service.Spec.Ports?.FirstOrDefault(p => p.Port == wanted.Port) is not { } port)
        {
            return new(false, "ServicePortError", string.Create(
                CultureInfo.InvariantCulture, $"{name} is not listening on port {wanted.Port}"));
        }

        var portName = port.Name ?? "";
        return slices.Count == 0
            ? new(false, "EndpointsNotFound", $"cannot find endpointslices for {name}")
            : slices.Any(s => HasEndpoint(s, portName)) ? null
            : new(
                false, "MissingEndpoints",
                $"endpointslices for {name} have no addresses with port name {GoText.Quote(portName)}");
    }

    /// <summary>What an APIService says of its server.</summary>
    public static bool IsAvailable(V1APIService item) =>
        item.Status?.Conditions?.Any(static c => c is { Type: Available, Status: "True" }) == true;

    /// <summary>Puts the condition in; true when that changes anything.</summary>
    public static bool Say(V1APIService item, Availability availability, DateTimeOffset now)
    {
        item.Status ??= new V1APIServiceStatus();
        var conditions = item.Status.Conditions ??= [];
        var status = availability.IsAvailable ? "True" : "False";
        var condition = conditions.FirstOrDefault(c => c.Type == Available);
        if (condition is null)
        {
            conditions.Add(condition = new V1APIServiceCondition { Type = Available, Status = "" });
        }

        if ((condition.Status, condition.Reason, condition.Message)
            == (status, availability.Reason, availability.Message))
        {
            return false;
        }

        if (condition.Status != status)
        {
            (condition.Status, condition.LastTransitionTime) = (status, now.UtcDateTime);
        }

        (condition.Reason, condition.Message) = (availability.Reason, availability.Message);
        return true;
    }

    private static bool HasEndpoint(V1EndpointSlice slice, string port) =>
        slice.Endpoints?.Any(static e => e.Conditions?.Ready != false) == true
        && slice.Ports?.Any(p => (p.Name ?? "") == port && p.Port is not null) == true;
}
