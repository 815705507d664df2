using System.Text;

namespace Kola.Checks;

/// <summary>
/// Makes plain lines of what a terminal was sent, a character at a time, so it does not matter where the text was cut.
/// <code>[ESC[0;1;31mFAILEDESC[0m] Failed to start ESC[0;1;39mfoo.serviceESC[0m.CR LF</code>
/// </summary>
internal sealed class LineCleaner
{
    /// <summary>A line is handed on in pieces of at most this many characters: a machine cannot make the harness swell.</summary>
    internal const int Longest = 16 * 1024;

    /// <summary>How much of a piece is seen again in the next, so that what stands on the cut is not missed.</summary>
    internal const int Overlap = 1024;

    private readonly StringBuilder _line = new();
    private State _state;

    private enum State
    {
        Text,
        Escape,
        Control,
        Command,
        CommandEscape,
        Charset,
    }

    /// <summary>How a character ended a piece of a line.</summary>
    internal enum Cut
    {
        None,
        Piece,
        Line,
    }

    /// <summary>True when something was put in since the last line ended.</summary>
    internal bool HasText => _line.Length > 0;

    /// <summary>Takes one character; says whether a line, or a piece of an overlong one, is complete.</summary>
    internal Cut Put(char c)
    {
        // A line end also ends whatever sequence was open: one stray ESC must not hide the rest of a console.
        if (c == '\n')
        {
            _state = State.Text;
            return Cut.Line;
        }

        switch (_state)
        {
            case State.Text when c == '\u001b':
                _state = State.Escape;
                break;
            case State.Text:
                PutText(c);
                break;
            case State.Escape:
                _state = c switch { '[' => State.Control, ']' or 'P' or '_' or '^' => State.Command, '(' or ')' => State.Charset, _ => State.Text };
                break;
            case State.Control:
                PutControl(c);
                break;
            case State.Command when c == '\a':
                _state = State.Text;
                break;
            case State.Command when c == '\u001b':
                _state = State.CommandEscape;
                break;
            case State.CommandEscape or State.Charset:
                _state = State.Text;
                break;
        }

        return _line.Length >= Longest ? Cut.Piece : Cut.None;
    }

    /// <summary>The text so far; starts anew, after a piece with its last part.</summary>
    internal string Take(Cut cut)
    {
        string text = _line.ToString();
        _line.Clear();
        if (cut == Cut.Piece)
        {
            _line.Append(text, text.Length - Overlap, Overlap);
        }

        return text.Trim();
    }

    /// <summary>The text so far, kept.</summary>
    internal string Peek() => _line.ToString().Trim();

    private void PutText(char c)
    {
        if (c == '\r')
        {
            // Alone it goes back to the start of the line, and a new message follows.
            _line.Append(' ');
        }
        else if (c == '\t' || !char.IsControl(c))
        {
            _line.Append(c);
        }
    }

    // CSI: parameters 0x20-0x3f, then one final character.
    private void PutControl(char c)
    {
        if (c is >= '\u0020' and <= '\u003f')
        {
            return;
        }

        _state = c == '\u001b' ? State.Escape : State.Text;
        // Boot loaders move the cursor instead of ending the line.
        if (c is 'H' or 'f' or 'J')
        {
            _line.Append(' ');
        }
        else if (char.IsControl(c))
        {
            PutText(c);
        }
    }
}
