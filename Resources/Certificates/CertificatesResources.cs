using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Certificates;

/// <summary>Rows of <c>certificates.k8s.io</c>, in discovery order.</summary>
internal static class CertificatesResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.CertificateSigningRequests, Kind = "CertificateSigningRequest",
            Singular = "certificatesigningrequest",
            Namespaced = false, ShortNames = ["csr"], GrainType = "certificatesigningrequest",
            Versions =
            [
                new("v1", new CertificateSigningRequestStrategy())
                {
                    Subresources =
                        [new("approval", SubresourceDefinition.GetPatchUpdate), SubresourceDefinition.Status],
                },
            ],
        },
    ];
}
