using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Projected volumes.</content>
internal sealed partial class PodSpecValidator
{
    private const string DuplicatePaths = "conflicting duplicate paths";
    private const long MinTokenSeconds = 600;
    private const long MaxTokenSeconds = 1L << 32;

    private void Projected(V1ProjectedVolumeSource projected, FieldPath path)
    {
        Mode(projected.DefaultMode, path, "defaultMode");
        var paths = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < (projected.Sources?.Count ?? 0); i++)
        {
            Projection(projected.Sources![i], paths, path, path.Child("sources").Index(i));
        }
    }

    private void Projection(V1VolumeProjection source, HashSet<string> paths, FieldPath volume, FieldPath path)
    {
        var count = 0;
        if (source.Secret is { } secret)
        {
            count++;
            ProjectedKeys(secret.Name, secret.Items, paths, volume, path.Child("secret"));
        }

        if (source.ConfigMap is { } configMap)
        {
            count++;
            ProjectedKeys(configMap.Name, configMap.Items, paths, volume, path.Child("configMap"));
        }

        if (source.DownwardAPI is { } downward)
        {
            count++;
            foreach (var file in downward.Items ?? [])
            {
                DownwardFile(file, path.Child("downwardAPI"));
                Claim(file.Path, file.Path, paths, volume);
            }
        }

        if (source.ServiceAccountToken is { } token)
        {
            count++;
            Token(token, volume, path.Child("serviceAccountToken"));
        }

        if (source.ClusterTrustBundle is { } bundle)
        {
            count++;
            TrustBundle(bundle, paths, volume, path.Child("clusterTrustBundle"));
        }

        if (count > 1)
        {
            _errors.Forbidden(path, "may not specify more than 1 volume type per source");
        }
    }

    private void ProjectedKeys(
        string? name, IList<V1KeyToPath>? items, HashSet<string> paths, FieldPath volume, FieldPath path)
    {
        NeedsText(name, path, "name");
        for (var i = 0; i < (items?.Count ?? 0); i++)
        {
            KeyToPath(items![i], path.Child("items").Index(i));
            Claim(items[i].Path, name, paths, volume);
        }
    }

    /// <summary>Takes a path in the volume; the finding names <paramref name="culprit"/>.</summary>
    private void Claim(string? target, string? culprit, HashSet<string> paths, FieldPath volume)
    {
        if (!string.IsNullOrEmpty(target) && !paths.Add(target))
        {
            _errors.Invalid(volume, culprit ?? "", DuplicatePaths);
        }
    }

    private void Token(V1ServiceAccountTokenProjection token, FieldPath volume, FieldPath path)
    {
        if (token.ExpirationSeconds < MinTokenSeconds)
        {
            _errors.Invalid(
                path.Child("expirationSeconds"),
                token.ExpirationSeconds,
                "may not specify a duration less than 10 minutes");
        }

        if (token.ExpirationSeconds > MaxTokenSeconds)
        {
            _errors.Invalid(
                path.Child("expirationSeconds"), token.ExpirationSeconds, "may not specify a duration larger than 2^32 seconds");
        }

        if (string.IsNullOrEmpty(token.Path))
        {
            _errors.Required(volume.Child("path"));
        }
        else
        {
            LocalNonReserved(token.Path, volume.Child("path"));
        }
    }

    private void TrustBundle(
        V1ClusterTrustBundleProjection bundle, HashSet<string> paths, FieldPath volume, FieldPath path)
    {
        if (bundle.Name is not null && bundle.SignerName is not null)
        {
            _errors.Invalid(path, Raw(bundle), "only one of name and signerName may be used");
        }
        else if (bundle.Name is null && bundle.SignerName is null)
        {
            _errors.Required(path, "either name or signerName must be specified");
        }
        else if (bundle.Name is { Length: 0 })
        {
            _errors.Required(path.Child("name"), "must be a valid object name");
        }
        else if (bundle.SignerName is { Length: 0 })
        {
            _errors.Required(path.Child("signerName"), "must be a valid signer name");
        }

        NeedsText(bundle.Path, path, "path");
        LocalNonReserved(bundle.Path ?? "", path.Child("path"));
        Claim(bundle.Path, bundle.Path, paths, volume);
    }
}
