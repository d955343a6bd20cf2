using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>Certificates for names of an operator's own, under upstream's name; may be given several times.</summary>
internal sealed class NamedCertificatesOption : Option<string[]>
{
    public NamedCertificatesOption()
        : base("--tls-sni-cert-key")
    {
        Description = "A certificate and its key (PEM) for who asks for other names of the API: CERTIFICATE,KEY for "
            + "those that it is for itself, or CERTIFICATE,KEY:*.example.com,example.com. Read again when they change. "
            + "May be given several times.";
        DefaultValueFactory = static _ => [];
    }

    /// <summary>The same, good in every directory.</summary>
    public static string Full(string value) =>
        NamedCertificateFiles.Parse(value).From(Environment.CurrentDirectory).ToString();
}
