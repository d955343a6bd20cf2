using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>An amount of an extended resource that a container of a pod requests.</summary>
/// <param name="Container">The container's place among the init containers and containers of its pod.</param>
/// <param name="Place">The place of the resource among all that the container requests, by name.</param>
/// <param name="IsBrief">The container ends before the others begin, so that it may use what is theirs.</param>
/// <param name="Resource">The resource's name.</param>
/// <param name="Scalar">The resource's index in <see cref="ScalarResources"/>.</param>
/// <param name="Count">How many.</param>
public readonly record struct ExtendedRequest(
    int Container, int Place, bool IsBrief, string Resource, int Scalar, long Count)
{
    /// <summary>What a request of devices for it is called.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"container-{Container}-request-{Place}");

    internal static ExtendedRequest[] Of(JsonElement spec, ScalarResources scalars) =>
        MayHaveAny(spec, "initContainers") || MayHaveAny(spec, "containers") ? [.. Read(spec, scalars)] : [];

    /// <summary>Few pods have any: looked for in what is parsed already, without a copy of anything.</summary>
    private static bool MayHaveAny(JsonElement spec, string containers)
    {
        if (PodShapeParser.Property(spec, containers) is not { ValueKind: JsonValueKind.Array } list)
        {
            return false;
        }

        foreach (var container in list.EnumerateArray())
        {
            var resources = PodShapeParser.Property(container, "resources");
            if (PodShapeParser.Property(resources, "requests") is { ValueKind: JsonValueKind.Object } requests)
            {
                foreach (var request in requests.EnumerateObject())
                {
                    if (!request.NameEquals("cpu"u8) && !request.NameEquals("memory"u8)
                        && !request.NameEquals("ephemeral-storage"u8))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    private static IEnumerable<ExtendedRequest> Read(JsonElement spec, ScalarResources scalars)
    {
        var containers = PodShapeParser.Items(spec, "initContainers")
            .Select(static c => (Container: c, IsBrief: !PodRequestsCalculator.IsSidecar(c)))
            .Concat(PodShapeParser.Items(spec, "containers").Select(static c => (Container: c, IsBrief: false)))
            .ToList();
        for (var i = 0; i < containers.Count; i++)
        {
            var resources = PodShapeParser.Property(containers[i].Container, "resources");
            var amounts = PodRequestsCalculator.Read(PodShapeParser.Property(resources, "requests"));
            foreach (var (place, resource) in amounts.Keys.Order(StringComparer.Ordinal).Index())
            {
                if (amounts[resource] > 0 && MayBeDevices(resource))
                {
                    yield return new ExtendedRequest(
                        i, place, containers[i].IsBrief, resource, scalars.IndexOf(resource), amounts[resource]);
                }
            }
        }
    }

    private static bool MayBeDevices(string resource) =>
        ResourceNames.IsDeviceClass(resource)
        || (!ResourceNames.IsPlain(resource) && ResourceNames.IsExtended(resource));
}
