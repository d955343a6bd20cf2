using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Certificates;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Nobody becomes <c>system:masters</c> by a certificate that the signer of API clients gives, nor the API's client to
/// nodes, to whom these do whatever they are told.
/// </summary>
public sealed class CertificateSubjectRestrictionPlugin : IAdmissionPlugin
{
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client";
    private static readonly string[] Privileged = [SystemNames.Masters, SystemNames.KubeletClients];

    public string Name => "CertificateSubjectRestriction";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create && attributes.IsFor(WellKnown.CertificateSigningRequests);

    public ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1CertificateSigningRequest)attributes.Object!).Spec;
        var group = spec.SignerName == ClientSigner && PemRequests.Subject(spec.Request) is { } subject
            ? SubjectNames.Organizations(subject).FirstOrDefault(Privileged.Contains)
            : null;
        return new ValueTask<Status?>(group is null
            ? null
            : AdmissionRefusals.Forbidden(
                attributes, $"use of {ClientSigner} signer with {group} group is not allowed"));
    }
}
