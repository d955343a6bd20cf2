using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Grains.ApiRegistration.ApiServices;

/// <summary>Counts how often servers of APIs have become unavailable, under upstream's name.</summary>
internal static class ApiServiceMeter
{
    private static readonly Meter Meter = new("OrleansOrchestrator.ApiRegistration");

    private static readonly Counter<long> Losses = Meter.CreateCounter<long>(
        "aggregator_unavailable_apiservice_total",
        description:
        "Counter of APIServices which are marked as unavailable broken down by APIService name and reason.");

    public static void Lost(string name, string reason) => Losses.Add(
        1, new KeyValuePair<string, object?>("name", name), new KeyValuePair<string, object?>("reason", reason));
}
