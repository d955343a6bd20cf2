using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Reads <c>extenders</c> of a KubeSchedulerConfiguration, with the files that they name.</summary>
internal static class SchedulerExtenderReader
{
    private static readonly FieldPath Root = FieldPath.Of("extenders");

    /// <summary>The extenders, and the resources that only they look at.</summary>
    public static (IReadOnlyList<ExtenderSettings> Extenders, IReadOnlySet<string> Ignored) Read(
        ConfigurationNode root, FieldErrors errors)
    {
        var (all, ignored) = (new List<ExtenderSettings>(), new HashSet<string>(StringComparer.Ordinal));
        var managed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, node) in root.Children("extenders").Index())
        {
            var path = Root.Index(i);
            var resources = node.Children("managedResources").Select(
                (r, j) => ReadResource(r, path.Child("managedResources").Index(j), managed, errors)).ToList();
            ignored.UnionWith(resources.Where(static r => r.IsIgnored).Select(static r => r.Name));
            all.Add(Read(node, path, errors) with
            {
                ManagedResources = resources.Select(static r => r.Name).ToHashSet(StringComparer.Ordinal),
            });
        }

        var binders = all.Count(static e => e.BindVerb.Length > 0);
        if (binders > 1)
        {
            errors.Invalid(
                Root, $"found {binders} extenders implementing bind", "only one extender can implement bind");
        }

        return (all, ignored);
    }

    private static ExtenderSettings Read(ConfigurationNode node, FieldPath path, FieldErrors errors)
    {
        var timeout = node.Duration("httpTimeout");
        var extender = new ExtenderSettings
        {
            UrlPrefix = node.Text("urlPrefix"),
            FilterVerb = node.Text("filterVerb"),
            PrioritizeVerb = node.Text("prioritizeVerb"),
            PreemptVerb = node.Text("preemptVerb"),
            BindVerb = node.Text("bindVerb"),
            Weight = node.Number("weight"),
            Timeout = timeout == TimeSpan.Zero ? ExtenderSettings.DefaultTimeout : timeout,
            KnowsNodes = node.Flag("nodeCacheCapable") == true,
            IsIgnorable = node.Flag("ignorable") == true,
            Tls = ReadTls(node, path.Child("tlsConfig"), errors),
        };
        if (!Uri.TryCreate(extender.UrlPrefix, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            errors.Invalid(path.Child("urlPrefix"), extender.UrlPrefix, "must be a URL of http or https");
        }

        if (timeout < TimeSpan.Zero)
        {
            errors.Invalid(path.Child("httpTimeout"), node.Text("httpTimeout"), "must be zero or positive");
        }

        if (extender is { PrioritizeVerb.Length: > 0, Weight: <= 0 })
        {
            errors.Invalid(path.Child("weight"), extender.Weight, "must have a positive weight applied to it");
        }

        return extender;
    }

    private static (string Name, bool IsIgnored) ReadResource(
        ConfigurationNode node, FieldPath path, HashSet<string> managed, FieldErrors errors)
    {
        var (name, at) = (node.Text("name"), path.Child("name"));
        var complaints = NameRules.QualifiedName(name).ToList();
        errors.InvalidEach(at, name, complaints);
        if (complaints.Count == 0 && !ResourceNames.IsExtended(name))
        {
            errors.Invalid(at, name, "is an invalid extended resource name");
        }

        if (!managed.Add(name))
        {
            errors.Invalid(at, name, "duplicate extender managed resource name");
        }

        return (name, node.Flag("ignoredByScheduler") == true);
    }

    /// <summary>As upstream's client has it, <c>enableHTTPS</c> without authorities trusts everybody.</summary>
    private static ExtenderTls ReadTls(ConfigurationNode extender, FieldPath path, FieldErrors errors)
    {
        var node = extender.Child("tlsConfig");
        var (isInsecure, name) = (node.Flag("insecure") == true, node.Text("serverName"));
        if (name.Length > 0 && Uri.CheckHostName(name) is not (UriHostNameType.Dns or UriHostNameType.IPv4))
        {
            errors.Invalid(path.Child("serverName"), name, "must be the name of a host");
        }

        var trustsAll = extender.Flag("enableHTTPS") == true;
        var authorities = Pem(node, "ca", path, errors);
        var (certificate, key) = (Pem(node, "cert", path, errors), Pem(node, "key", path, errors));
        if (isInsecure && authorities.Length > 0)
        {
            errors.Invalid(path, "specifying a root certificates file with the insecure flag is not allowed");
            return new ExtenderTls();
        }

        if (certificate.Length == 0 != (key.Length == 0))
        {
            errors.Required(path.Child(key.Length == 0 ? "keyFile" : "certFile"), "a certificate needs its key");
            return new ExtenderTls();
        }

        try
        {
            return new ExtenderTls
            {
                IsInsecure = isInsecure || (trustsAll && authorities.Length == 0),
                ServerName = name,
                Authorities = [.. Authorities(authorities)],
                Client = key.Length == 0 ? null : X509Certificate2.CreateFromPem(certificate, key),
            };
        }
        catch (CryptographicException bad)
        {
            errors.Invalid(path, bad.Message);
            return new ExtenderTls();
        }
    }

    private static X509Certificate2Collection Authorities(string pem)
    {
        var result = new X509Certificate2Collection();
        result.ImportFromPem(pem);
        return pem.Length > 0 && result.Count == 0
            ? throw new CryptographicException("unable to load root certificates: unable to parse bytes as PEM block")
            : result;
    }

    /// <summary>What stands in <c>…Data</c>, in base64, or else in the file that <c>…File</c> names.</summary>
    private static string Pem(ConfigurationNode node, string what, FieldPath path, FieldErrors errors)
    {
        var (data, file) = (node.Text($"{what}Data"), node.Text($"{what}File"));
        try
        {
            return data.Length > 0 ? Encoding.UTF8.GetString(Convert.FromBase64String(data))
                : file.Length > 0 ? File.ReadAllText(file)
                : "";
        }
        catch (Exception bad) when (bad is FormatException or IOException or UnauthorizedAccessException)
        {
            errors.Invalid(path.Child(data.Length > 0 ? $"{what}Data" : $"{what}File"), bad.Message);
            return "";
        }
    }
}
