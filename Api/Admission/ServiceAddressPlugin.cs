using k8s.Models;
using Orleans.Runtime;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Gives Services their cluster addresses and node ports, where upstream does it: after the last mutation, before
/// validation. A Service that validation is going to refuse reserves nothing.
/// </summary>
public sealed class ServiceAddressPlugin(IGrainFactory grains, ServiceAddressRange range) : IAdmissionPlugin
{
    /// <inheritdoc/>
    public string Name => "ServiceAddresses";

    /// <inheritdoc/>
    public bool Handles(AdmissionAttributes attributes) =>
        attributes.IsFor(WellKnown.Services) && attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update &&
        attributes.Object is V1Service;

    /// <inheritdoc/>
    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var service = (V1Service)attributes.Object!;
        var old = (attributes.OldObject as V1Service)?.Spec;
        var errors = new FieldErrors();
        ServiceAddressing.Prepare(service.Spec, old, range, errors);
        if (errors.Count != 0)
        {
            return Invalid(attributes, errors);
        }

        var plan = ServiceAddressPlan.For(service.Spec, old, range);
        if (plan.Contradiction is { } contradiction)
        {
            return new Status { Code = 500, Reason = StatusReasons.Unknown, Message = contradiction };
        }

        if (plan.IsEmpty)
        {
            return null;
        }

        return attributes.DryRun
            ? await PretendAsync(attributes, service, plan, cancellationToken)
            : await ReserveAsync(attributes, service, plan, cancellationToken);
    }

    private async ValueTask<Status?> PretendAsync(
        AdmissionAttributes attributes, V1Service service, ServiceAddressPlan plan, CancellationToken cancellationToken)
    {
        var answer = ServiceAddressDryRun.Answer(plan, range);
        if (answer is { Refusal: not null, RefusedNodePort: < 0 })
        {
            // Out of the cluster's own ranges: whoever knows the others is asked.
            answer = await ReserveAsync(
                grains.GetGrain<IServiceAddressGrain>(IServiceAddressGrain.Key),
                Request(attributes, service, plan) with { Pretends = true },
                cancellationToken);
        }

        if (answer.Refusal is not null)
        {
            return Refuse(attributes, service, plan, answer);
        }

        plan.Apply(service.Spec, answer);
        return null;
    }

    private async ValueTask<Status?> ReserveAsync(
        AdmissionAttributes attributes, V1Service service, ServiceAddressPlan plan, CancellationToken cancellationToken)
    {
        if ((plan.ClusterIP ?? plan.SecondaryClusterIP) is not null && string.IsNullOrEmpty(service.Metadata.Name) &&
            string.IsNullOrEmpty(service.Metadata.GenerateName))
        {
            return RefuseNameless(attributes, service, plan);
        }

        var given = (service.Spec.ClusterIP, service.Spec.ClusterIPs);
        var pretended = ServiceAddressDryRun.Answer(plan, range);
        if (pretended.Refusal is null && !WouldBeValid(attributes, service, plan, pretended))
        {
            return null;
        }

        (service.Spec.ClusterIP, service.Spec.ClusterIPs) = given;
        var request = Request(attributes, service, plan);
        var grain = grains.GetGrain<IServiceAddressGrain>(IServiceAddressGrain.Key);
        var answer = await ReserveAsync(grain, request, cancellationToken);
        if (answer.Refusal is not null)
        {
            return Refuse(attributes, service, plan, answer);
        }

        if (plan.SecondaryClusterIP is not null && answer.SecondaryClusterIP is null)
        {
            // While silos are updated, whoever gives addresses out may know one family alone.
            await grain.ReleaseAsync(request.Reservation, CancellationToken.None);
            throw new StoreUnavailableException(
                $"no secondary address can be reserved for {request.Service} before all silos are of this release");
        }

        plan.Apply(service.Spec, answer);
        attributes.OnEnd(() => grain.ReleaseAsync(request.Reservation, CancellationToken.None));
        return null;
    }

    private static ServiceAddressRequest Request(
        AdmissionAttributes attributes, V1Service service, ServiceAddressPlan plan) => new()
    {
        Reservation = Chance.NewId().ToString("N"),
        Service = new ObjectKey(attributes.Key.Namespace, service.Metadata.Name ?? ""),
        ClusterIP = plan.ClusterIP,
        SecondaryClusterIP = plan.SecondaryClusterIP,
        NodePorts = plan.NodePorts,
    };

    // Whatever became of the reservation, the Service has not been written: the client may try again.
    private static async Task<ServiceAddressAnswer> ReserveAsync(
        IServiceAddressGrain grain, ServiceAddressRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await grain.ReserveAsync(request, cancellationToken);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException)
        {
            throw new StoreUnavailableException(
                $"no address can be reserved for {request.Service}: {error.Message}", error);
        }
    }

    /// <summary>
    /// Tries the Service with made-up addresses. When it is not valid these stay in it: validation is about to refuse
    /// it for the same findings.
    /// </summary>
    private static bool WouldBeValid(
        AdmissionAttributes attributes, V1Service service, ServiceAddressPlan plan, ServiceAddressAnswer pretended)
    {
        plan.Apply(service.Spec, pretended);
        var errors = new FieldErrors();
        if (attributes.Operation == AdmissionOperation.Create)
        {
            attributes.Definition.Strategy.Validate(service, errors);
        }

        return errors.Count == 0;
    }

    /// <summary>Upstream stores an address under the Service's name before it looks whether there is one.</summary>
    private Status RefuseNameless(AdmissionAttributes attributes, V1Service service, ServiceAddressPlan plan)
    {
        var (wanted, among) = plan.ClusterIP is { } primary
            ? (primary, range)
            : (plan.SecondaryClusterIP!, range.Secondary!);
        var address = wanted.Length == 0 ? among.ToAddress(among.DynamicIpStart) : wanted;
        var errors = new FieldErrors();
        errors.Invalid(
            FieldPath.Of("spec", "clusterIPs"),
            service.Spec.ClusterIPs is { Count: > 0 } given ? given : [""],
            $"failed to allocate IP{(wanted.Length == 0 ? "" : " " + wanted)}: IPAddress.networking.k8s.io \"{address}\" is invalid: " +
            "spec.parentRef.name: Required value");
        return Invalid(attributes, errors);
    }

    private static Status Refuse(
        AdmissionAttributes attributes, V1Service service, ServiceAddressPlan plan, ServiceAddressAnswer answer)
    {
        var errors = new FieldErrors();
        return ServiceAddressRefusals.Report(answer, plan, service.Spec, errors) ?? Invalid(attributes, errors);
    }

    private static Status Invalid(AdmissionAttributes attributes, FieldErrors errors) =>
        errors.ToStatus("", attributes.Definition.Kind, attributes.Object!.Metadata.Name ?? "");
}
