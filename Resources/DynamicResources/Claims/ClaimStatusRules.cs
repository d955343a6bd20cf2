using System.Net;
using System.Net.Sockets;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Claims;

/// <summary>Validation of what a claim was given, and who uses it.</summary>
internal static class ClaimStatusRules
{
    private const int MaxReserved = 256;
    private const int MaxResults = 32;
    private const int MaxConditions = 8;
    private const int MaxDataLength = 10 * 1024;
    private const int MaxInterfaceLength = 256;
    private const int MaxHardwareLength = 128;
    private const int MaxIps = 16;
    private static readonly FieldPath Status = FieldPath.Of("status");

    /// <summary>The devices of an allocation.</summary>
    public static HashSet<string> Allocated(V1ResourceClaimStatus? status) =>
        (status?.Allocation?.Devices?.Results ?? [])
            .Select(r => Id(r.Driver, r.Pool, r.Device, r.ShareID)).ToHashSet(StringComparer.Ordinal);

    public static string IdOf(V1AllocatedDeviceStatus device) =>
        Id(device.Driver, device.Pool, device.Device, device.ShareID);

    public static void Validate(Resourcev1ResourceClaim item, Resourcev1ResourceClaim old, FieldErrors errors)
    {
        var (status, before) = (item.Status ?? new(), old.Status ?? new());
        DeviceRules.EachOnce(
            status.ReservedFor, MaxReserved, r => r.Uid ?? "", Status.Child("reservedFor"), errors,
            (consumer, path) => ValidateConsumer(consumer, path, errors));
        var allocated = Allocated(status);
        DeviceRules.EachOnce(
            status.Devices, int.MaxValue, IdOf, Status.Child("devices"), errors,
            (device, path) => ValidateDevice(device, allocated, path, errors));
        ValidateReserved(status, before, item.Metadata.DeletionTimestamp is not null, errors);
        if (status.Allocation is not { } allocation)
        {
            return;
        }

        var allocationPath = Status.Child("allocation");
        if (before.Allocation is null)
        {
            ValidateAllocation(allocation, RequestNames.Of(item.Spec.Devices), allocationPath, errors);
        }
        else if (!ModelShape.SemanticEquals(allocation, before.Allocation))
        {
            errors.Invalid(allocationPath, InternalForm.Shown(allocation), "field is immutable");
        }
    }

    private static string Id(string? driver, string? pool, string? device, string? share) =>
        share is { Length: > 0 } ? $"{driver}/{pool}/{device}/{share}" : $"{driver}/{pool}/{device}";

    private static void ValidateReserved(
        V1ResourceClaimStatus status, V1ResourceClaimStatus before, bool isDeleted, FieldErrors errors)
    {
        if (status.ReservedFor is not { Count: > 0 } reserved)
        {
            return;
        }

        var known = (before.ReservedFor ?? []).Select(Identity).ToHashSet();
        if (status.Allocation is null)
        {
            errors.Forbidden(Status.Child("reservedFor"), "may not be specified when `allocated` is not set");
        }
        else if (isDeleted && !reserved.All(r => known.Contains(Identity(r))))
        {
            errors.Forbidden(
                Status.Child("reservedFor"),
                "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set");
        }
    }

    private static (string? Group, string? Resource, string? Name, string? Uid) Identity(
        V1ResourceClaimConsumerReference consumer) =>
        (consumer.ApiGroup, consumer.Resource, consumer.Name, consumer.Uid);

    private static void ValidateConsumer(V1ResourceClaimConsumerReference consumer, FieldPath path, FieldErrors errors)
    {
        foreach (var (field, value) in (ReadOnlySpan<(string, string?)>)[
            ("resource", consumer.Resource), ("name", consumer.Name), ("uid", consumer.Uid)])
        {
            if (string.IsNullOrEmpty(value))
            {
                errors.Required(path.Child(field));
            }
        }
    }

    private static void ValidateDevice(
        V1AllocatedDeviceStatus device, HashSet<string> allocated, FieldPath path, FieldErrors errors)
    {
        DeviceRules.ValidateDriver(device.Driver ?? "", path.Child("driver"), errors);
        DeviceRules.ValidatePool(device.Pool ?? "", path.Child("pool"), errors);
        DeviceRules.ValidateLabelName(device.Device ?? "", path.Child("device"), errors);
        ValidateShare(device.ShareID, path.Child("shareID"), errors);
        if (!allocated.Contains(IdOf(device)))
        {
            errors.Invalid(path, new RawJson(IdOf(device)), "must be an allocated device in the claim");
        }

        if (device.Conditions?.Count > MaxConditions)
        {
            errors.TooMany(path.Child("conditions"), device.Conditions.Count, MaxConditions);
        }

        ConditionRules.Validate(device.Conditions, path.Child("conditions"), errors);
        if (device.Data is not null)
        {
            DeviceRules.ValidateRaw(device.Data, MaxDataLength, path.Child("data"), errors);
        }

        if (device.NetworkData is { } network)
        {
            ValidateNetwork(network, path.Child("networkData"), errors);
        }
    }

    private static void ValidateNetwork(V1NetworkDeviceData network, FieldPath path, FieldErrors errors)
    {
        if (NameRules.ByteCount(network.InterfaceName ?? "") > MaxInterfaceLength)
        {
            errors.TooLong(path.Child("interfaceName"), MaxInterfaceLength);
        }

        if (NameRules.ByteCount(network.HardwareAddress ?? "") > MaxHardwareLength)
        {
            errors.TooLong(path.Child("hardwareAddress"), MaxHardwareLength);
        }

        DeviceRules.EachOnce(network.Ips, MaxIps, ip => ip, path.Child("ips"), errors, (ip, at) =>
        {
            if (NetworkRules.ParseCidrSloppy(ip) is not (var address, var length))
            {
                errors.Invalid(at, ip, "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)");
            }
            else if ($"{address}/{OwnLength(address, length)}" is var usual && usual != ip)
            {
                errors.Invalid(at, ip, $"must be in canonical form ({GoText.Quote(usual)})");
            }
        });
    }

    /// <summary>An IPv4 address in the form of IPv6 has 96 bits more before it.</summary>
    private static int OwnLength(IPAddress address, int length) =>
        address.AddressFamily == AddressFamily.InterNetwork && length > 32 ? length - 96 : length;

    private static void ValidateAllocation(
        V1AllocationResult allocation, RequestNames names, FieldPath path, FieldErrors errors)
    {
        var (devices, devicesPath) = (allocation.Devices ?? new(), path.Child("devices"));
        DeviceRules.Each(
            devices.Results, MaxResults, devicesPath.Child("results"), errors,
            (result, at) => ValidateResult(result, names, at, errors));
        DeviceRules.Each(
            devices.Config, 2 * DeviceRules.MaxConfigs, devicesPath.Child("config"), errors,
            (config, at) =>
            {
                ValidateSource(config.Source, at.Child("source"), errors);
                names.Validate(config.Requests, at.Child("requests"), errors);
                DeviceRules.ValidateOpaque(config.Opaque, at.Child("opaque"), errors);
            });
        if (allocation.NodeSelector is { } selector)
        {
            DeviceRules.ValidateNodeSelector(selector, path.Child("nodeSelector"), errors);
        }
    }

    private static void ValidateResult(
        V1DeviceRequestAllocationResult result, RequestNames names, FieldPath path, FieldErrors errors)
    {
        names.Validate(result.Request ?? "", path.Child("request"), errors);
        DeviceRules.ValidateDriver(result.Driver ?? "", path.Child("driver"), errors);
        DeviceRules.ValidatePool(result.Pool ?? "", path.Child("pool"), errors);
        DeviceRules.ValidateLabelName(result.Device ?? "", path.Child("device"), errors);
        DeviceRules.ValidateBinding(
            result.BindingConditions ?? [], result.BindingFailureConditions ?? [], path, errors);
        foreach (var (i, toleration) in (result.Tolerations ?? []).Index())
        {
            DeviceRules.ValidateToleration(toleration, path.Child("tolerations").Index(i), errors);
        }

        ValidateShare(result.ShareID, path.Child("shareID"), errors);
    }

    private static void ValidateSource(string? source, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(source))
        {
            errors.Required(path);
        }
        else if (source is not ("FromClaim" or "FromClass"))
        {
            errors.NotSupported(path, source, ["FromClaim", "FromClass"]);
        }
    }

    private static void ValidateShare(string? share, FieldPath path, FieldErrors errors)
    {
        if (share is null)
        {
            return;
        }

        if (UuidProblem(share) is { } problem)
        {
            errors.Invalid(path, share, $"error validating uid: {problem}");
        }
        else if (!Guid.TryParseExact(share, "D", out var parsed) || parsed.ToString("D") != share)
        {
            errors.Invalid(
                path,
                share,
                "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase " +
                "hexadecimal " +
                "characters");
        }
    }

    /// <summary>
    /// Why this is no UUID at all, in the words of upstream's library, which also reads urns, braces and digits alone.
    /// </summary>
    private static string? UuidProblem(string text)
    {
        const string Urn = "urn:uuid:";
        const int Length = 36;
        const int DigitsLength = 32;
        var length = NameRules.ByteCount(text);
        switch (length)
        {
            case Length + 9 when !text.StartsWith(Urn, StringComparison.OrdinalIgnoreCase):
                return $"invalid urn prefix: {GoText.Quote(text[..Math.Min(text.Length, Urn.Length)])}";
            case Length + 9:
                return Format(text[Urn.Length..], "D");
            case Length + 2:
                return Format(text[1..^1], "D");
            case Length:
                return Format(text, "D");
            case DigitsLength:
                return Format(text, "N");
            default:
                return $"invalid UUID length: {length}";
        }

        static string? Format(string digits, string format) =>
            Guid.TryParseExact(digits, format, out _) ? null : "invalid UUID format";
    }
}
