using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Who approves requests, or signs them, must be allowed to do it for their signer, whatever else they may write
/// (upstream's <c>certificates/approval</c> and <c>certificates/signing</c>).
/// </summary>
public sealed class CertificateSignersPlugin(AuthorizerChain authorizers, string name, string subresource, string verb)
    : IAdmissionPlugin
{
    public string Name => name;

    /// <summary>The plugin that asks who approves.</summary>
    public static CertificateSignersPlugin Approval(AuthorizerChain authorizers) =>
        new(authorizers, "CertificateApproval", "approval", "approve");

    /// <summary>The plugin that asks who signs.</summary>
    public static CertificateSignersPlugin Signing(AuthorizerChain authorizers) =>
        new(authorizers, "CertificateSigning", "status", "sign");

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Update && attributes.Subresource == subresource
            && attributes.Definition.Name == WellKnown.CertificateSigningRequests;

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var (item, old) = (
            (V1CertificateSigningRequest)attributes.Object!, (V1CertificateSigningRequest)attributes.OldObject!);
        var signer = old.Spec.SignerName ?? "";
        if (verb == "sign" && Same(item.Status, old.Status))
        {
            return null;
        }

        // The signer itself, or all of its domain.
        foreach (var wanted in (string[])[signer, $"{signer.Split('/')[0]}/*"])
        {
            var decision = await authorizers.AuthorizeAsync(
                new AuthorizationAttributes
                {
                    User = attributes.User, Verb = verb, Group = WellKnown.CertificateSigningRequests.Group,
                    Version = "*", Resource = "signers", Name = wanted,
                },
                cancellationToken);
            if (decision.IsAllowed)
            {
                return null;
            }
        }

        return AdmissionRefusals.Forbidden(
            attributes, $"user not permitted to {verb} requests with signerName {GoText.Quote(signer)}");
    }

    /// <summary>True when neither the certificate nor a failure is new.</summary>
    private static bool Same(V1CertificateSigningRequestStatus? item, V1CertificateSigningRequestStatus? old) =>
        (item?.Certificate ?? []).AsSpan().SequenceEqual(old?.Certificate ?? [])
            && ModelShape.SemanticEquals(
                new V1CertificateSigningRequestStatus { Conditions = item?.Conditions },
                new V1CertificateSigningRequestStatus { Conditions = old?.Conditions });
}
