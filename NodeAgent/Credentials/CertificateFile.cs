using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Credentials;

/// <summary>
/// A certificate of the node with its key, in one file of its own: replaced in one step, and used by whoever asks
/// for it next.
/// </summary>
public sealed class CertificateFile(string path)
{
    private X509Certificate2? _current;
    private int _failures;

    /// <summary>Where it is.</summary>
    public string Path => path;

    /// <summary>The certificate; null while there is none.</summary>
    public X509Certificate2? Current => Volatile.Read(ref _current);

    /// <summary>How often the next one could not be had.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>The next one could not be had.</summary>
    public void NoteFailure() => Interlocked.Increment(ref _failures);

    /// <summary>Reads the file; what is not there, or holds no certificate with its key, is none.</summary>
    public X509Certificate2? Load()
    {
        try
        {
            Volatile.Write(ref _current, File.Exists(path) ? Usable(File.ReadAllText(path)) : null);
        }
        catch (CryptographicException)
        {
            Volatile.Write(ref _current, null);
        }

        return Current;
    }

    /// <summary>Puts a certificate in the place of the old one.</summary>
    public void Replace(string certificatePem, string keyPem)
    {
        var text = $"{certificatePem.TrimEnd()}\n{keyPem.TrimEnd()}\n";
        var next = Usable(text);
        OwnFiles.MakeMissing(System.IO.Path.GetDirectoryName(path)!, OwnFiles.OwnersDirectory);
        OwnFiles.Write(path, text);
        Volatile.Write(ref _current, next);
    }

    /// <summary>TLS wants keys that are not bound to the PEM they were read from.</summary>
    internal static X509Certificate2 ForTls(X509Certificate2 read) =>
        X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);

    private static X509Certificate2 Usable(string pem)
    {
        using var read = X509Certificate2.CreateFromPem(pem, pem);
        return ForTls(read);
    }
}
