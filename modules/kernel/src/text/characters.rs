//! Which characters show nothing, and where such a character belongs to a writing system.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Below this character are the Latin, Greek, Cyrillic and Armenian letters, which need no joiners.
const FIRST_JOINING: char = '\u{590}';
/// The blank of Braille. It is a symbol without a dot.
const BRAILLE_BLANK: char = '\u{2800}';
/// The emoji with which the flag of a region begins.
const BLACK_FLAG: char = '\u{1f3f4}';
/// The tag that ends the flag of a region.
const CANCEL_TAG: char = '\u{e007f}';
/// Maximum number of tags of a flag: six letters and digits, and the tag that ends it.
const FLAG_TAGS_MAX: usize = 7;

/// Whether a reader sees the character. Spaces and combining marks alone are not visible.
pub fn is_visible(character: char) -> bool {
    let is_blank = matches!(
        character.general_category(),
        GeneralCategory::Control
            | GeneralCategory::PrivateUse
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    !is_blank && !is_mark(character) && !is_hidden(character) && character != BRAILLE_BLANK
}

/// Whether a terminal acts on the character instead of showing it: it moves the cursor, changes
/// colours or reverses the direction of what follows.
#[must_use]
pub fn is_terminal_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether the character belongs to the letter before it.
pub fn is_mark(character: char) -> bool {
    character.general_category_group() == GeneralCategoryGroup::Mark
}

/// Whether the character forces a direction upon the text behind it.
pub const fn is_override(character: char) -> bool {
    matches!(character, '\u{202d}' | '\u{202e}')
}

/// Whether the character is a tag, which repeats an ASCII character invisibly.
pub const fn is_tag(character: char) -> bool {
    matches!(character, '\u{e0000}'..='\u{e007f}')
}

/// Whether the character shows nothing and takes no room: Unicode's property
/// `Default_Ignorable_Code_Point`, the interlinear annotations, and code points that are no
/// characters.
pub const fn is_hidden(character: char) -> bool {
    let is_ignorable = matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    is_ignorable || is_noncharacter(character)
}

const fn is_noncharacter(character: char) -> bool {
    matches!(character, '\u{fdd0}'..='\u{fdef}') || character as u32 & 0xfffe == 0xfffe
}

/// Whether a hidden character is at a place where a writing system or an emoji needs it.
pub fn belongs(characters: &[char], index: usize) -> bool {
    let (before, rest) = characters.split_at(index);
    let Some((character, after)) = rest.split_first() else { return false };
    let previous = before.last().copied();
    match character {
        // Joiners form the words of Persian, Hindi or Sinhala, and emoji of several people.
        '\u{200c}' | '\u{200d}' | '\u{34f}' => {
            let base = before.iter().rev().copied().find(|&one| !is_variation_selector(one));
            let is_next_joining = after.first().is_some_and(|&next| is_joining(next));
            base.is_some_and(|base| is_joining(base) || is_visible(base) && is_next_joining)
        }
        '\u{200e}' | '\u{200f}' | '\u{61c}' => characters.iter().any(|&one| is_right_to_left(one)),
        // Mongolian has variation selectors and a vowel separator of its own.
        '\u{180b}'..='\u{180f}' => previous.is_some_and(|base| matches!(base, '\u{1800}'..='\u{18aa}')),
        &selector if is_variation_selector(selector) => {
            let is_plain_letter = |base: char| base.is_alphabetic() && base < FIRST_JOINING;
            previous.is_some_and(|base| is_visible(base) && !is_plain_letter(base))
        }
        &tag if is_tag(tag) => is_in_flag(characters, index),
        _ => false,
    }
}

const fn is_variation_selector(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether a joiner may follow: a letter or mark of a writing system that has joiners, or an emoji.
fn is_joining(character: char) -> bool {
    if is_hidden(character) || character < FIRST_JOINING {
        return false;
    }
    let group = character.general_category_group();
    matches!(group, GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark | GeneralCategoryGroup::Symbol)
}

/// Whether the character is in a block of a script that is written from right to left.
const fn is_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{591}'..='\u{60b}' | '\u{60d}'..='\u{61b}' | '\u{61d}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdcf}'
        | '\u{fdf0}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

/// Whether the tag is part of a flag: a black flag, a few tags, and the tag that ends it.
fn is_in_flag(characters: &[char], index: usize) -> bool {
    let is_tag = |character: &&char| is_tag(**character);
    let before = characters[..index].iter().rev().take_while(is_tag).count();
    let after = characters[index..].iter().take_while(is_tag).count();
    let (start, end) = (index - before, index + after);
    let tags = &characters[start..end];
    let flag = start.checked_sub(1).and_then(|place| characters.get(place));
    flag == Some(&BLACK_FLAG)
        && tags.len() <= FLAG_TAGS_MAX
        && tags.iter().position(|&tag| tag == CANCEL_TAG) == Some(tags.len() - 1)
}
