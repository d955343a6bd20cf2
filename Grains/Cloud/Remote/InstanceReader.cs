using System.Net;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>
/// Reads what a cloud says of a machine, and believes none of it that cannot be: a node that it were put on would be
/// refused as a whole, or taken for another machine. Pure.
/// </summary>
internal static class InstanceReader
{
    /// <summary>Addresses, and labels, of one machine.</summary>
    private const int Most = 100;

    private static readonly string[] Names = ["Hostname", "InternalDNS", "ExternalDNS"];

    /// <summary>The machine.</summary>
    /// <param name="instance">What the cloud says.</param>
    /// <param name="providerId">Whose machine was asked for; empty when that is not known.</param>
    /// <exception cref="CloudException">It cannot be.</exception>
    public static CloudInstance Read(V1.Instance instance, string providerId)
    {
        if (providerId.Length > 0 && instance.ProviderId.Length > 0 && instance.ProviderId != providerId)
        {
            throw new CloudException(
                $"the cloud answered of {GoText.Quote(instance.ProviderId)}, asked for {GoText.Quote(providerId)}");
        }

        if (instance.Addresses.Count > Most || instance.AdditionalLabels.Count > Most)
        {
            throw new CloudException($"the cloud has more than {Most} addresses, or labels, for one machine");
        }

        CheckLabel("instance type", instance.InstanceType);
        CheckLabel("zone", instance.Zone);
        CheckLabel("region", instance.Region);
        foreach (var (name, value) in instance.AdditionalLabels)
        {
            if (!NameRules.IsQualifiedName(name))
            {
                throw new CloudException($"the cloud's label {GoText.Quote(name)} is none");
            }

            CheckLabel($"label {GoText.Quote(name)}", value);
        }

        return new CloudInstance
        {
            ProviderId = instance.ProviderId,
            InstanceType = instance.InstanceType,
            Zone = instance.Zone,
            Region = instance.Region,
            Addresses = [.. Addresses(instance).DistinctBy(static a => (a.Type, a.Address))],
            AdditionalLabels = new Dictionary<string, string>(instance.AdditionalLabels),
        };
    }

    private static IEnumerable<V1NodeAddress> Addresses(V1.Instance instance)
    {
        foreach (var address in instance.Addresses)
        {
            var isRight = address.Type is "InternalIP" or "ExternalIP"
                ? IPAddress.TryParse(address.Address, out _)
                : Names.Contains(address.Type) && address.Address.Length > 0;
            yield return isRight
                ? new V1NodeAddress { Type = address.Type, Address = address.Address }
                : throw new CloudException(
                    $"the cloud's address {GoText.Quote(address.Address)} is no {GoText.Quote(address.Type)}");
        }
    }

    private static void CheckLabel(string what, string value)
    {
        if (!NameRules.IsLabelValue(value))
        {
            throw new CloudException($"the cloud's {what} {GoText.Quote(value)} is no value of a label");
        }
    }
}
