namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Where webhooks are called: validation of a URL, and of a reference to a Service.</summary>
public static class WebhookRules
{
    private const string Form = "; desired format: https://host[/path]";

    /// <summary>A URL that the server may call as it is.</summary>
    public static void ValidateUrl(string url, FieldPath path, FieldErrors errors)
    {
        if (Complaint(url) is { } complaint)
        {
            errors.Required(path, $"url must be a valid URL: parse {GoText.Quote(url)}: {complaint}{Form}");
            return;
        }

        var (rest, fragment) = Cut(url, "#");
        (rest, var query) = Cut(rest, "?");
        var (scheme, afterScheme) = rest.IndexOf(':', StringComparison.Ordinal) is var colon and > 0
            ? (rest[..colon].ToLowerInvariant(), rest[(colon + 1)..])
            : ("", rest);
        var authority = afterScheme.StartsWith("//", StringComparison.Ordinal) ? afterScheme[2..].Split('/')[0] : "";
        var at = authority.LastIndexOf('@');
        if (scheme != "https")
        {
            errors.Invalid(path, scheme, $"'https' is the only allowed URL scheme{Form}");
        }

        if (authority.Length == at + 1)
        {
            errors.Invalid(path, "", $"host must be specified{Form}");
        }

        if (at >= 0)
        {
            errors.Invalid(path, authority[..at], "user information is not permitted in the URL");
        }

        if (fragment.Length > 0)
        {
            errors.Invalid(path, fragment, "fragments are not permitted in the URL");
        }

        if (query.Length > 0)
        {
            errors.Invalid(path, query, "query parameters are not permitted in the URL");
        }
    }

    /// <summary>A Service, its port, and a path there.</summary>
    public static void ValidateService(WebhookService service, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(service.Name))
        {
            errors.Required(path.Child("name"));
        }

        if (string.IsNullOrEmpty(service.Namespace))
        {
            errors.Required(path.Child("namespace"));
        }

        var wrongPort = string.Join(", ", NameRules.PortNumber(service.Port));
        if (wrongPort.Length > 0)
        {
            errors.Invalid(path.Child("port"), service.Port, $"port is not valid: {wrongPort}");
        }

        if (service.Path is not (null or "" or "/"))
        {
            ValidatePath(service.Path, path.Child("path"), errors);
        }
    }

    private static void ValidatePath(string text, FieldPath path, FieldErrors errors)
    {
        if (text == "//")
        {
            errors.Invalid(path, text, "segment[0] may not be empty");
            return;
        }

        if (text[0] != '/')
        {
            errors.Invalid(path, text, "must start with a '/'");
        }

        var checkedPart = text[1..];
        checkedPart = checkedPart.EndsWith('/') ? checkedPart[..^1] : checkedPart;
        foreach (var (i, step) in checkedPart.Split('/').Index())
        {
            if (step.Length == 0)
            {
                errors.Invalid(path, text, $"segment[{i}] may not be empty");
            }
            else
            {
                errors.InvalidEach(path, text, NameRules.DnsSubdomain(step).Select(c => $"segment[{i}]: {c}"));
            }
        }
    }

    /// <summary>What Go's parser refuses at once.</summary>
    private static string? Complaint(string url) =>
        url.Any(char.IsControl) ? "net/url: invalid control character in URL"
        : url.StartsWith(':') ? "missing protocol scheme"
        : null;

    private static (string Head, string Tail) Cut(string text, string separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + 1)..]);
    }
}

/// <summary>A Service that a webhook is behind.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Path">The path there; null for none.</param>
/// <param name="Port">The port of the Service.</param>
public readonly record struct WebhookService(string? Namespace, string? Name, string? Path, int Port)
{
    /// <summary>The port when none is given.</summary>
    public const int DefaultPort = 443;
}
